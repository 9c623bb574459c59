// How long a report's page takes to open in headless Chromium, and then each
// of some items, in milliseconds until it is drawn.
//
//   CHROMIUM=$(which chromium) node opening.mjs REPORT_FOLDER DATA/ITEM_ID …
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {launch} from './chromium.mjs';

const [,, folder, ...items] = process.argv;
const home = pathToFileURL(path.join(folder, 'index.html')).href;
const browser = await launch();

const opened = (item) => new Promise((done) => {
  const began = performance.now();
  const look = () => {
    const found = document.querySelector(`article.item[data-item="${item}"]`);
    // The second frame comes when the first is on the screen.
    if (found) {
      requestAnimationFrame(() => requestAnimationFrame(
          () => done(Math.round(performance.now() - began))));
    } else setTimeout(look, 2);
  };
  location.hash = `item=${item}`;
  look();
});

for (let run = 0; run < 3; run++) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(home);
  // A small page is loaded before its first paint is on record.
  await page.waitForFunction(
      () => performance.getEntriesByName('first-contentful-paint').length);
  const [load, paint] = await page.evaluate(() => [
    performance.getEntriesByType('navigation')[0].loadEventEnd,
    performance.getEntriesByName('first-contentful-paint')[0].startTime]);
  console.log(`page ${Math.round(load)}, first paint ${Math.round(paint)}`);
  for (const item of items) {
    console.log(`  ${item} ${await page.evaluate(opened, item)}`);
  }
  await context.close();
}
await browser.close();
