// Headless Chromium, as every script here starts it.
import {createRequire} from 'node:module';

const {chromium} = createRequire(import.meta.url)('playwright-core');

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update',
    '--disable-sync']});
