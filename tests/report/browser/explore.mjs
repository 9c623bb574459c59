// Checks of the Explore view, as those of checks.mjs, which runs them.
import {readFileSync} from 'node:fs';

export const exploreChecks = (
    {AXE, browser, data, focused, home, must, open, overFour}) => ({
  async nothing_draws_points_before_explore_is_opened() {
    await open(home, {}, async (page) => {
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.locator('#explore').scrollIntoViewIfNeeded();
      await page.waitForTimeout(300);
      must(!asked.some((url) => /(plot|numbers[-0-9]*)\.js$/.test(url)),
          asked.join(', '));
      await page.click('#explore summary');
      await drawn(page);
      must(asked.some((url) => url.endsWith('explore/plot.js')),
          asked.join(', '));
    });
  },

  async explore_draws_every_item_and_any_two_numbers() {
    await open(`${home}#explore`, {}, async (page) => {
      await drawn(page);
      const items = await page.evaluate(() => JSON.parse(
          document.querySelector('[data-items] script').textContent)[0].n);
      must(await points(page) === items,
          `${await points(page)} points of ${items} items`);
      must((await said(page)).startsWith(`${items} points`), await said(page));

      const before = await places(page);
      const numbers = await page.locator('#explore-x option').evaluateAll(
          (all) => all.map((o) => [o.value, o.textContent]));
      must(numbers.length > 3 && numbers.every(([raw, words]) =>
        words && words !== raw), JSON.stringify(numbers));
      const wanted = await page.locator(
          '#explore-x optgroup[label="The model"] option').last()
          .getAttribute('value');
      await page.selectOption('#explore-x', wanted);
      await page.waitForFunction((old) => [...document.querySelectorAll(
          '.explore [aria-label=dot] path')].map((p) => p.getAttribute(
          'transform')).join() !== old, before);
      must(page.url().includes(`x=${wanted}`), page.url());

      await page.selectOption('#explore-of', 'all');
      await page.waitForFunction((n) => document.querySelectorAll(
          '.explore [aria-label=dot] path').length === n, 4 * items);
      await page.selectOption('#explore-colour', 'kind');
      const kinds = page.locator('.explore [class*=swatch]');
      await kinds.getByText('instruct').first().waitFor();

      await page.reload();
      await drawn(page);
      must(await points(page) === 4 * items && await page.inputValue(
          '#explore-x') === wanted && await page.inputValue(
          '#explore-colour') === 'kind', 'a reload draws something else');
      must(await page.locator('#explore').evaluate((node) =>
        node.getBoundingClientRect().top < innerHeight),
      'a reload shows another chapter');

      await page.selectOption('#filter-kind', 'base');
      await page.waitForFunction((n) => document.querySelectorAll(
          '.explore [aria-label=dot] path').length === n, 2 * items);
      await page.click('#explore summary');
      await page.waitForFunction(() => location.hash === '#kind=base');
    });
  },

  async keys_alone_lead_from_a_point_to_its_item() {
    await open(`${home}#explore`, {}, async (page) => {
      await drawn(page);
      await page.locator('#explore-x').focus();
      await focused(page, '.explore [role=group]');
      const first = await read(page);
      must(first.startsWith('Which is the '), first);
      await page.keyboard.press('ArrowRight');
      const second = await read(page);
      must(second !== first, 'an arrow key stays at a point');
      const ring = await page.locator('.explore .ring').boundingBox();
      must(ring && ring.width > 10, 'nothing shows which point it is');
      await page.keyboard.press('Enter');
      await itemOf(page, second);
      must(await page.evaluate(() =>
        document.activeElement.matches('.item h3')), 'focus stays behind');
      await page.goBack();
      must(page.url().endsWith('#explore'), page.url());
    });
  },

  async pointing_and_tapping_name_a_point_and_open_its_item() {
    await open(`${home}#explore`, {hasTouch: true}, async (page) => {
      await drawn(page);
      const dots = page.locator('.explore [aria-label=dot] path');
      const at = async (dot) => {
        await dot.scrollIntoViewIfNeeded();
        const box = await dot.boundingBox();
        return [box.x + box.width / 2, box.y + box.height / 2];
      };
      await page.touchscreen.tap(...await at(dots.nth(3)));
      await page.waitForSelector('.explore [aria-label=tip] text');
      const tapped = await read(page);
      must(tapped.startsWith('Which is the '), tapped);
      must(!page.url().includes('item='), 'a tap leaves before it names');

      await page.mouse.move(...await at(dots.nth(40)));
      await page.waitForFunction((old) => document.querySelector(
          '.explore .reading').textContent !== old, tapped);
      const pointed = await read(page);
      await page.mouse.click(...await at(dots.nth(40)));
      await itemOf(page, pointed);

      await page.goBack();
      await page.touchscreen.tap(...await at(dots.nth(3)));
      must(await read(page) === tapped, 'a tap names another point');
      await page.tap('.explore .reading a');
      await itemOf(page, tapped);
    });
  },

  async the_points_come_as_a_table_and_as_csv() {
    await open(`${home}#explore`, {}, async (page) => {
      await drawn(page);
      const n = await points(page);
      await page.click('.explore details.numbers summary');
      await page.waitForSelector('.explore .data tbody tr');
      const rows = await page.locator('.explore .status').textContent();
      must(rows.endsWith(`of ${n} rows`), rows);
      const [file] = await Promise.all([page.waitForEvent('download'),
        page.click('.explore .files button')]);
      const lines = readFileSync(await file.path(), 'utf-8').trim()
          .split('\n');
      must(file.suggestedFilename() === `${data}.csv` &&
          lines.length === n + 1, `${lines.length} lines`);
      must(/^"item","question","model","people's entropy/.test(lines[0]),
          lines[0]);
      must(lines.slice(1).every((line) => line.split('","').length === 6),
          lines[1]);
      must(lines.some((line) => line.includes('"\'=Which is the 119th?"')) &&
          !lines.some((line) => /"[=@]/.test(line)), lines.at(-1));
    });
  },

  async axe_finds_nothing_in_explore_and_it_fits() {
    for (const options of overFour) {
      await open(`${home}#explore&of=all`, options, async (page) => {
        await drawn(page);
        await page.locator('.explore [role=group]').focus();
        await page.click('.explore details.numbers summary');
        await page.evaluate(AXE);
        const {violations} = await page.evaluate(() => axe.run('#explore'));
        must(!violations.length, JSON.stringify(options) + violations.map(
            (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) =>
              n.html.slice(0, 120) + n.failureSummary).join(' , ')}`)
            .join('; '));
        const wide = await page.evaluate(
            () => document.documentElement.scrollWidth);
        must(wide <= options.viewport.width, `${wide} pixels wide`);
        await page.emulateMedia({media: 'print'});
        await page.setViewportSize({width: 700, height: 1000});
        const cut = await page.locator('.explore svg').evaluateAll((all) =>
          all.filter((s) => s.getBoundingClientRect().right > innerWidth)
              .length);
        must(!cut, 'it is cut off on paper');
      });
    }
  },

  async explore_without_its_folder_says_so() {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route('**/explore/plot.js', (route) => route.abort());
    await page.goto(`${home}#explore`);
    await page.waitForSelector('#explore .fault:has-text("keep the folder")');
    await context.close();
  },
});

const drawn = (page) => page.waitForSelector('.explore [aria-label=dot] path');
const points = (page) => page.locator('.explore [aria-label=dot] path').count();
const said = (page) => page.locator('#explore p[role=status]').first()
    .textContent();
const read = (page) => page.locator('.explore .reading').textContent();
const places = (page) => page.locator('.explore [aria-label=dot] path')
    .evaluateAll((all) => all.map((p) => p.getAttribute('transform')).join());
const itemOf = (page, words) => page.waitForFunction((question) => {
  const title = document.querySelector('article.item h3');
  return title && title.textContent === question &&
      document.activeElement === title;
}, words.split(' · ')[0]);
