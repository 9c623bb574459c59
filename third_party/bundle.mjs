// Bundles Observable Plot, and what it needs of d3, for a page without network.
//
//   node bundle.mjs FOLDER
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {buildSync} from 'esbuild';

const [,, folder] = process.argv;
const {metafile} = buildSync({
  stdin: {contents: "export {dot, plot, pointer, tip} from '@observablehq/plot';",
    resolveDir: import.meta.dirname},
  bundle: true, minify: true, format: 'iife', globalName: 'Plot',
  target: 'es2020', charset: 'utf8', legalComments: 'none', metafile: true,
  banner: {js: '/* Observable Plot and d3; their licences: LICENSES.txt */'},
  outfile: path.join(folder, 'plot.js')});

const [{inputs}] = Object.values(metafile.outputs);
const packages = new Set(Object.entries(inputs)
    .filter(([, {bytesInOutput}]) => bytesInOutput)
    .map(([file]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1])
    .filter(Boolean));
const licences = [...packages].sort().map((name) => {
  const home = path.join('node_modules', name);
  const {version} = JSON.parse(readFileSync(path.join(home, 'package.json')));
  const text = readFileSync(path.join(home, 'LICENSE'), 'utf-8').trim();
  return `${name} ${version}\n\n${text}\n`;
});
writeFileSync(path.join(folder, 'LICENSES.txt'),
    licences.join(`\n${'-'.repeat(72)}\n\n`));
