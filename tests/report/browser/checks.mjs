// Checks of a report page in headless Chromium, as JSON: check → null or what
// is wrong.
//
//   node checks.mjs REPORT_FOLDER DATA ITEM_ID
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {launch} from './chromium.mjs';
import {exploreChecks} from './explore.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf-8');
const [,, folder, data, itemId] = process.argv;
const home = pathToFileURL(path.join(folder, 'index.html')).href;
const itemAddress = `${home}#item=${data}/${encodeURIComponent(itemId)}`;

const browser = await launch();

// A new window each time; what its console calls an error is wrong.
const open = async (address, options, act) => {
  const context = await browser.newContext(
      {viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  const wrong = [];
  page.on('console', (m) => {
    if (m.type() === 'error') wrong.push(m.text());
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  try {
    await page.goto(address);
    await act(page);
  } finally {
    await context.close();
  }
  if (wrong.length) throw new Error(wrong.join('; '));
};

const must = (held, message) => { if (!held) throw new Error(message); };

const opened = (page, id = itemId) => page.waitForSelector(
    `article.item[data-item="${data}/${id}"] h3`);

const focused = (page, matches, key = 'Tab', most = 400) => (async () => {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(key);
    if (await page.evaluate(
        (s) => document.activeElement.matches(s), matches)) return;
  }
  throw new Error(`${most} presses of ${key} do not reach ${matches}`);
})();

const rows = (page) => page.locator('.answers tbody th[scope=row] > span')
    .allTextContents();

const overFour = [1280, 400].flatMap((width) => ['light', 'dark'].map(
    (colorScheme) => ({viewport: {width, height: 900}, colorScheme})));

const checks = {
  async nothing_is_wrong_at_any_width_and_colour() {
    for (const options of overFour) {
      await open(itemAddress, options, async (page) => {
        await opened(page);
        await page.evaluate(() => document.querySelectorAll('details').forEach(
            (d) => { d.open = true; }));
        await page.mouse.wheel(0, 100000);
        await page.waitForTimeout(100);
        const {width} = options.viewport;
        const wide = await page.evaluate(
            () => document.documentElement.scrollWidth);
        must(wide <= width, `${wide} pixels wide in a window of ${width}`);
      });
    }
  },

  async keys_alone_lead_from_the_question_to_a_token() {
    await open(home, {}, async (page) => {
      await page.keyboard.press('Tab');
      must(await page.evaluate(() => document.activeElement.matches('.skip')),
          'the first stop is not the link past the chapters');
      await page.keyboard.press('Enter');
      await focused(page, '#item-search');
      await page.keyboard.type(itemId);
      await page.waitForFunction(
          () => document.querySelectorAll('.found a').length === 1);
      await focused(page, '.found a');
      await page.keyboard.press('Enter');
      await opened(page);
      await page.waitForFunction(
          () => document.activeElement.matches('.item h3'));
      await focused(page, '.strip button');
      await page.keyboard.press('ArrowRight');
      must(await page.locator('.strip button:nth-child(2)').evaluate(
          (node) => node === document.activeElement && node.tabIndex === 0),
      'an arrow key does not move to the next token');
      const alternatives = await page.locator(
          '.panel .alternatives tr').count();
      must(alternatives === 5, `${alternatives} alternatives are shown`);
    });
  },

  async what_an_address_names_in_vain_is_said() {
    for (const [item, said] of [
      ['nowhere/1', 'No data set is called nowhere here'],
      [`${data}/none`, 'has no item none']]) {
      await open(`${home}#item=${item}`, {}, async (page) => {
        await page.getByText(said).waitFor();
        must(await page.locator('article.item h3').count() === 0,
            'another item is shown');
      });
    }
  },

  async a_filter_holds_for_the_page_and_survives_a_reload() {
    await open(home, {}, async (page) => {
      const all = await rows(page);
      await page.selectOption('#filter-kind', 'base');
      const base = await rows(page);
      must(base.length === all.length / 2, `${base.length} of ${all.length}`);
      must(page.url().endsWith('#kind=base'), page.url());
      await page.reload();
      must((await rows(page)).join() === base.join(),
          'after a reload other rows are shown');
      must(await page.inputValue('#filter-kind') === 'base',
          'after a reload the menu says something else');
      await page.locator('[data-heatmap]').first().scrollIntoViewIfNeeded();
      await page.waitForSelector('.heatmap thead th');
      const heads = await page.locator(
          '.heatmap thead th:visible').allTextContents();
      const others = all.filter((name) => !base.includes(name));
      const claimed = await page.locator('#claims tr[data-model]:visible')
          .evaluateAll((all) => all.map((row) => row.dataset.model));
      must(claimed.length && !claimed.some((name) => others.includes(name)),
          `claims are shown of models filtered out: ${claimed.join()}`);
      must(heads.some((head) => base.includes(head)) &&
          !heads.some((head) => others.includes(head)),
      'heatmaps show models that were filtered out');
      await page.locator('[data-plot]').first().scrollIntoViewIfNeeded();
      await page.waitForSelector('.plot-panel .title');
      const titles = await page.locator('.plot-panel .title')
          .allTextContents();
      must(titles.length && !titles.some((title) =>
        others.some((name) => title.startsWith(`${name} (`))),
      `panels show models that were filtered out: ${titles.join()}`);
      await page.click('nav a[href="#items"]');
      must(page.url().includes('kind=base'), 'a chapter forgets the filter');
      await page.waitForSelector('#item-model option', {state: 'attached'});
      const menu = await page.locator('#item-model option').allTextContents();
      must(menu.join() === base.join() || menu.length === base.length,
          `items offer ${menu.join()}`);
    });
  },

  async what_is_of_all_models_is_set_apart_while_a_filter_is_set() {
    await open(home, {}, async (page) => {
      const names = await rows(page);
      const ofAll = page.locator('[data-of-all]:visible');
      const apart = page.locator('.set-apart:visible');
      const sentence = page.locator('.question span').first();
      const [many, said] = [await ofAll.count(), await sentence.textContent()];
      must(many > 5 && !await apart.count(), 'something is hidden at first');
      await page.selectOption('#filter-kind', 'base');
      must(!await ofAll.count(), 'what is of all models is still shown');
      const key = await page.locator('.kinds').first().textContent();
      must(key === 'base', `the key is of ${key}`);
      const line = await apart.first().textContent();
      must(line.includes(`of all ${names.length} models`), line);
      const inTable = await page.locator(
          '#claims .set-apart:has(+ .scroll)').first().textContent();
      must(/rows? (is|are) of all/.test(inTable), inTable);
      const half = await sentence.textContent();
      must(half.includes(`${names.length / 2} models`), half);

      const figure = page.locator('#sets figure').first();
      await figure.scrollIntoViewIfNeeded();
      await figure.locator('.plot-panel').waitFor();
      const base = await rows(page);
      const ticks = await figure.locator('.tick').allTextContents();
      const others = names.filter((name) => !base.includes(name));
      must(base.every((name) => ticks.includes(name)) &&
          !others.some((name) => ticks.includes(name)), ticks.join());
      must((await figure.locator('.files').evaluate((node) =>
        getComputedStyle(node, '::before').content)).includes('all models'),
      'files of all models pass for those of the filter');

      // One model has its claim's sentence; all of them have that of all.
      await page.fill('#filter-name', base[0]);
      must(await page.locator(`#claims tr[data-model="${base[0]}"]`)
          .getByText(await sentence.textContent(), {exact: true}).count(),
      await sentence.textContent());
      await page.selectOption('#filter-kind', '');
      await page.fill('#filter-name', 'fam');
      const told = (await sentence.textContent()).slice(0, -1);
      must((await rows(page)).length === names.length &&
          said.startsWith(`${told} (`), `${told} is not ${said}`);
      await page.reload();
      must(!await ofAll.count() && await apart.count(),
          'after a reload nothing is set apart');

      await apart.locator('button').first().click();
      must(await ofAll.count() === many && !await apart.count() &&
          await sentence.textContent() === said, 'not all is shown again');
      must(!page.url().includes('name='), page.url());
    });
  },

  async keys_and_fingers_read_intervals() {
    await open(`${home}#alignment`, {hasTouch: true}, async (page) => {
      const box = page.locator('#alignment [data-heatmap]').first();
      await box.scrollIntoViewIfNeeded();
      const cells = box.locator('td[data-at]');
      await cells.first().focus();
      const said = box.locator('.reading');
      const interval = /= −?\d.*\[−?\d.*\d\], n = \d+/;
      must(interval.test(await said.textContent()), await said.textContent());
      const first = await said.textContent();
      await page.keyboard.press('ArrowDown');
      must(await said.textContent() !== first, 'arrow keys stay in a cell');
      await cells.last().tap();
      must(interval.test(await said.textContent()), await said.textContent());
      await page.keyboard.press('ArrowLeft');
      const rows = () => box.locator('tbody th').allTextContents();
      const order = await rows();
      await box.locator('thead th button').first().click();
      const values = await box.locator('tbody td:nth-child(2)')
          .allTextContents();
      must((await rows()).length === order.length && values.every((v, i) =>
        !i || +v <= +values[i - 1]), `not sorted: ${values.join()}`);

      const plot = page.locator('#calibration [data-plot]').first();
      await plot.scrollIntoViewIfNeeded();
      await plot.locator('.panels').focus();
      await page.keyboard.press('ArrowRight');
      const point = plot.locator('.reading');
      must(/\[.*\] · n = \d+/.test(await point.textContent()),
          await point.textContent());
      const bar = plot.locator('.mark').last();
      await bar.scrollIntoViewIfNeeded();
      const before = await point.textContent();
      await bar.tap({force: true});
      must(await point.textContent() !== before, 'a tap reads nothing');
    });
  },

  async a_figures_table_is_one_click_away() {
    await open(home, {}, async (page) => {
      for (const kind of ['#alignment figure:has([data-heatmap])',
        '#calibration figure:has([data-plot])']) {
        const figure = page.locator(kind).first();
        await figure.scrollIntoViewIfNeeded();
        await figure.locator('.reading').waitFor();
        await figure.locator('details.numbers summary').click();
        await figure.locator('.data tbody tr').first().waitFor();
        const heads = await figure.locator('.data th').allTextContents();
        must(['model', 'low', 'high', 'n'].every((h) => heads.includes(h)),
            heads.join());
        const links = await figure.locator('.files a').allTextContents();
        must(links.join() === 'SVG,PDF,PNG,CSV', links.join());
      }
    });
  },

  async an_item_opens_by_its_address_and_by_its_neighbours() {
    await open(itemAddress, {}, async (page) => {
      await opened(page);
      await page.click('.where a');
      await page.waitForFunction((first) => document.querySelector(
          'article.item').dataset.item !== first, `${data}/${itemId}`);
      await page.goBack();
      await opened(page);
    });
  },

  async an_item_opens_before_the_words_of_the_others_are_there() {
    const context = await browser.newContext();
    const page = await context.newPage();
    let asked;
    const held = new Promise((free) => { asked = free; });
    await page.route('**/find.js', (route) => asked(route));
    await page.goto(itemAddress);
    await opened(page);
    must(!await page.locator('.found a').count(), 'the list came first');
    await (await held).continue();
    await page.locator('.found a[aria-current]').waitFor();
    must(await page.locator('.where a').count(), 'no neighbour is linked');
    await context.close();
  },

  async presets_and_words_find_items() {
    await open(`${home}#items`, {}, async (page) => {
      await page.locator('#items').scrollIntoViewIfNeeded();
      const whole = await page.waitForFunction(
          () => /^(\d+) items$/.exec(document.querySelector(
              '#items p[role=status]').textContent)?.[1]);
      const preset = async (name) => {
        await page.click(`.presets button:has-text("${name}")`);
        await page.waitForSelector(
            `.presets button[aria-pressed=true]:has-text("${name}")`);
        return page.locator('.found .small').allTextContents();
      };
      const wrong = await preset('Sure and wrong');
      must(wrong.length && wrong.every((t) => t.startsWith('✗')),
          'sure and wrong: ' + wrong.slice(0, 3).join(' | '));
      const doubts = wrong.map((t) => +t.match(/doubt (\d+)/)[1]);
      must(doubts.every((d, i) => !i || d >= doubts[i - 1]),
          'the surest do not come first');
      const split = await preset('People split, model sure');
      must(split.length && split.every((t) => {
        const [, doubt, people] = t.match(/doubt (\d+) · people (\d+)/);
        return +doubt < 50 && +people > 50;
      }), split[0]);
      must(+(await whole.jsonValue()) > split.length, 'nothing is left out');
    });
  },

  async a_page_without_its_folder_says_so() {
    await open(itemAddress, {}, async (page) => {
      await opened(page);
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route('**/items/**', (route) => route.abort());
    await page.goto(itemAddress);
    await page.waitForSelector('.fault:has-text("keep the folder items")');
    await context.close();
  },

  async downloads_open() {
    await open(home, {}, async (page) => {
      const links = await page.locator('a[download]').evaluateAll(
          (all) => all.map((a) => a.getAttribute('href')));
      must(links.length, 'there are none');
      for (const link of links) {
        const file = path.join(folder, decodeURIComponent(link));
        must(existsSync(file) && readFileSync(file).length, `${link} is gone`);
      }
    });
  },

  async axe_finds_nothing() {
    for (const [i, options] of overFour.entries()) {
      const filter = i % 2 ? '&kind=base' : '';
      await open(itemAddress + filter, options, async (page) => {
        await opened(page);
        await page.evaluate(AXE);
        const {violations} = await page.evaluate(() => axe.run());
        must(!violations.length, JSON.stringify(options) + violations.map(
            (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) =>
              n.html.slice(0, 120) + n.failureSummary).join(' , ')}`).join('; '));
      });
    }
  },

  async it_prints_whole() {
    await open(itemAddress, {viewport: {width: 718, height: 1000}},
        async (page) => {
          await opened(page);
          await page.emulateMedia({media: 'print', colorScheme: 'dark'});
          await page.waitForFunction(() => [...document.querySelectorAll(
              '[data-plot], [data-heatmap]')].every((box) =>
              box.dataset.begun || box.closest('details:not([open])')));
          const cut = await page.evaluate(() => [...document.querySelectorAll(
              '.scroll, figure, .panels, .item pre')].filter((n) => n.clientWidth &&
              (n.scrollWidth > n.clientWidth + 1 ||
               n.scrollHeight > n.clientHeight + 1 &&
               getComputedStyle(n).overflowY !== 'visible'))
              .map((n) => n.outerHTML.slice(0, 90)));
          must(!cut.length, `cut off: ${cut.join(' , ')}`);
          const pdf = await page.pdf({format: 'A4'});
          must(pdf.subarray(0, 5).toString() === '%PDF-', 'no PDF');
        });
  },
};

const said = {};
const every = {...checks, ...exploreChecks(
    {AXE, browser, data, focused, home, must, open, overFour})};
for (const [name, check] of Object.entries(every)) {
  try {
    await check();
    said[name] = null;
  } catch (error) {
    said[name] = error.message;
  }
}
await browser.close();
console.log(JSON.stringify(said));
