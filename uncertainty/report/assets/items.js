// The item view: finds items, and opens one. The data lies beside the page in
// chunks that are loaded when they are needed (`report/items`, folder.py).
const itemData = (() => {
  const waiting = new Map();
  const held = new Map();
  window.uncertaintyItems = async (name, text) => {
    const {resolve, reject} = waiting.get(name);
    try {
      // The browser decodes an address of data on another thread.
      const {body} = await fetch(`data:;base64,${text}`);
      resolve(await new Response(body.pipeThrough(
          new DecompressionStream('deflate'))).json());
    } catch (error) { reject(error); }
  };
  return (name) => {
    if (held.has(name)) return held.get(name);
    const promise = new Promise((resolve, reject) => {
      waiting.set(name, {resolve, reject});
      const script = make('script', {src: `items/${name}.js`});
      script.onerror = () => {
        held.delete(name);
        reject(new Error(`items/${name}.js is not beside this page: keep the ` +
            'folder items with index.html'));
      };
      document.head.append(script);
    });
    held.set(name, promise);
    return promise;
  };
})();

const startItems = (box) => {
  const catalogue = JSON.parse(box.querySelector('script').textContent);
  const order = {
    file: {title: 'All, in the file\'s order'},
    wrong: {title: 'Sure and wrong',
      keep: (i, s) => s.bad[i] && s.d[i] !== null, rank: (i, s) => s.d[i]},
    split: {title: 'People split, model sure', people: true,
      keep: (i, s) => s.human[i] > 50 && s.d[i] !== null && s.d[i] < 50,
      rank: (i, s) => s.d[i] - s.human[i]},
    sure: {title: 'People sure, model split', people: true,
      keep: (i, s) => s.human[i] !== null && s.human[i] < 50 && s.d[i] > 50,
      rank: (i, s) => s.human[i] - s.d[i]},
    apart: {title: 'Furthest apart', people: true,
      keep: (i, s) => s.x[i] !== null, rank: (i, s) => -s.x[i]},
    random: {title: 'At random', rank: (i) => shuffled(i)},
  };
  let seed = 1 + Math.floor(Math.random() * 1e6);
  const shuffled = (i) => {  // a fixed order for each seed
    let x = (i + 1) * 2654435761 ^ seed * 40503;
    x = Math.imul(x ^ x >>> 15, 2246822519);
    return (x ^ x >>> 13) >>> 0;
  };

  const dataset = make('select', {id: 'item-data'}, catalogue.map(
      (d) => make('option', {value: d.name}, `${d.title} (${d.n})`)));
  const model = make('select', {id: 'item-model'});
  const search = make('input', {
    type: 'search', id: 'item-search', autocomplete: 'off',
    placeholder: 'words of the question'});
  const presets = make('div', {className: 'presets', role: 'group',
    ariaLabel: 'Which items'});
  const status = make('p', {className: 'note', role: 'status'});
  const list = make('ol', {className: 'found'});
  const more = make('button', {className: 'more', type: 'button'},
      'show more');
  const shown = make('article', {className: 'item', ariaLive: 'off'});
  const field = (label, control) => make('label', {className: 'field'},
      make('span', {}, label), control);
  box.append(
      make('form', {className: 'controls items', role: 'search',
        onsubmit: () => false},
      catalogue.length > 1 ? field('Data', dataset) : null,
      field('Model', model), field('Find', search)),
      presets, status,
      make('div', {className: 'split'},
          make('div', {className: 'side'}, list, more), shown));

  let state = {};  // what is shown; the address is read into it
  let turn = 0;  // counts what was asked for
  let most = 50;
  const entry = () => catalogue.find((d) => d.name === state.data);
  const number = () => entry().models.findIndex((m) => m.name === state.model);

  const fault = (error) => {
    status.textContent = error.message;
    status.classList.add('fault');
  };

  const scanned = async () => {
    const d = entry();
    const [{id}, find, scan] = await Promise.all([
      itemData(`${d.folder}/ids`), itemData(`${d.folder}/find`),
      itemData(`${d.folder}/scan-${number()}`)]);
    // Where nothing is right, a model errs that chooses against people.
    const graded = scan.r.some((r) => r !== null) ? scan.r :
        scan.k.some((r) => r !== null) ? scan.k : scan.h;
    return {id, q: find.q, d: scan.d, x: scan.x, human: find.d, graded,
      bad: graded.map((r) => r === 0), opinion: graded === scan.h};
  };

  const drawList = (s) => {
    const people = s.human.some((v) => v !== null);
    presets.replaceChildren(...Object.entries(order).filter(
        ([, o]) => people || !o.people).map(([key, o]) => make('button', {
      type: 'button', ariaPressed: String(state.order === key),
      onclick: () => {
        if (key === 'random') seed += 1;
        state.found = null;
        most = 50;
        // What comes first in the new order opens.
        address.change({order: key === 'file' ? '' : key, item: '',
          data: state.data});
        if (key === 'random') draw();
      }}, key === 'wrong' && s.opinion ? 'Sure, against people' : o.title)));
    const {keep, rank} = order[state.order];
    const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
    let found = s.id.map((_, i) => i);
    if (keep) found = found.filter((i) => keep(i, s));
    if (words.length) {
      found = found.filter((i) => {
        const text = `${s.q[i]}\n${s.id[i]}`.toLowerCase();
        return words.every((w) => text.includes(w));
      });
    }
    if (rank) found.sort((a, b) => rank(a, s) - rank(b, s));
    state.found = found;
    status.classList.remove('fault');
    status.textContent = found.length === s.id.length ?
        `${found.length} items` : `${found.length} of ${s.id.length} items`;
    list.replaceChildren(...found.slice(0, most).map((i) => {
      const id = s.id[i];
      const [question] = s.q[i].split('\n');
      const mark = s.graded[i] === null ? '' : s.bad[i] ? '✗' : '✓';
      return make('li', {}, make('a', {
        href: address.href({item: `${state.data}/${id}`}), 'data-id': id},
      make('span', {className: 'q'}, question || id),
      make('span', {className: 'small'},
          `${mark} doubt ${s.d[i] ?? '–'}` +
          (people ? ` · people ${s.human[i] ?? '–'}` : ''))));
    }));
    more.hidden = found.length <= most;
    more.textContent = `show more of ${found.length}`;
  };

  // What stands about an item where it is one of a list.
  const place = (item) => {
    const at = state.found ? state.found.indexOf(item.i) : -1;
    shown.querySelector('.where').replaceWith(drawWhere({...item,
      beside: [-1, 1].map((step) => {
        const next = at < 0 ? undefined : state.found[at + step];
        return next === undefined ? null : `${item.data.name}/${item.ids[next]}`;
      })}));
    for (const link of list.querySelectorAll('a')) {
      if (link.dataset.id === item.id) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  };

  const loaded = async (id) => {
    const data = entry(), chosen = number();
    const {id: ids} = await itemData(`${data.folder}/ids`);
    const i = ids.indexOf(id);
    if (i < 0) return {data, id};
    const own = data.models[chosen].step;
    const [short, told] = await Promise.all([
      itemData(`${data.folder}/asked-${Math.floor(i / data.step)}`),
      itemData(`${data.folder}/told-${chosen}-${Math.floor(i / own)}`)]);
    const row = i % data.step;
    return {data, id, ids, i, chosen, asked: short.items[row],
      answers: short.models.map((rows) => rows[row]),
      told: told.items[i % own], begin: told.begin};
  };

  const reveal = () => {
    shown.querySelector('h3').focus({preventScroll: true});
    if (shown.getBoundingClientRect().top < 0 || innerWidth < 800 ||
        shown.getBoundingClientRect().top > innerHeight - 200) {
      shown.scrollIntoView();
    }
  };

  // An item needs no list, and stands there before anything of the list is
  // loaded.
  const open = async (id, late) => {
    const item = await loaded(id);
    if (late()) return null;
    if (!item.ids) {
      shown.replaceChildren(make('p', {},
          `${item.data.title} has no item ${id}; find it by its words above.`));
      return null;
    }
    shown.replaceChildren(...drawItem(item));
    shown.dataset.item = `${item.data.name}/${id}`;
    place(item);
    if (state.focus) reveal();
    return item;
  };

  // When what was drawn is on the screen; a hidden page draws nothing.
  const painted = () => new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, 200);
  });

  const drawAll = async () => {
    const mine = ++turn;
    const late = () => mine !== turn;  // something else was asked meanwhile
    const item = state.id ? await open(state.id, late) : null;
    if (late()) return;
    if (!state.found) {
      if (item) await painted();
      const s = await scanned();
      if (late()) return;
      drawList(s);
      if (item) place(item);
      // On a narrow screen the list stands above the item.
      if (state.focus && innerWidth < 800) shown.scrollIntoView();
    }
    if (state.missing) {
      shown.replaceChildren(make('p', {},
          `No data set is called ${state.missing} here; there are ` +
          `${catalogue.map((d) => d.name).join(', ')}.`));
    } else if (!state.id && state.found.length) {
      const {id} = await itemData(`${entry().folder}/ids`);
      await open(id[state.found[0]], late);
    }
    if (!late()) state.focus = false;
  };

  const draw = () => drawAll().catch(fault);

  const follow = (now) => {
    const item = now.item || '';
    const cut = item.indexOf('/');
    const data = catalogue.find((d) => d.name === item.slice(0, cut)) ||
        catalogue.find((d) => d.name === now.data) || catalogue[0];
    const allowed = data.models.filter((m) => modelFilter.passes(m.name));
    const named = data.models.find((m) => m.name === now.model);
    const chosen = named || allowed[0] || data.models[0];
    const id = cut > 0 && data.name === item.slice(0, cut) ?
        item.slice(cut + 1) : '';
    const missing = cut > 0 && data.name !== item.slice(0, cut) ?
        item.slice(0, cut) : '';
    const next = {data: data.name, model: chosen.name, id, missing,
      order: order[now.order] ? now.order : 'file', find: now.find || '',
      family: [now.family, now.kind, now.size, now.name].join()};
    const changed = Object.keys(next).filter((k) => state[k] !== next[k]);
    if (!changed.length) return;
    const opened = id && id !== state.id;
    // Another item leaves the list as it is.
    state = {...next, found: changed.join() === 'id' ? state.found : null,
      focus: Boolean(opened)};
    dataset.value = data.name;
    model.replaceChildren(...(allowed.length ? allowed : data.models).map(
        (m) => make('option', {value: m.name}, m.name)));
    if (named && !allowed.includes(named)) {
      model.append(make('option', {value: named.name}, named.name));
    }
    model.value = chosen.name;
    if (document.activeElement !== search) search.value = next.find;
    draw();
  };

  dataset.onchange = () => address.change(
      {data: dataset.value, item: '', model: ''});
  model.onchange = () => address.change({model: model.value});
  search.oninput = () => { most = 50; address.change({find: search.value}); };
  more.onclick = () => { most += 200; state.found = null; draw(); };
  address.listen(follow);
  // The rest of the page is drawn first, and nothing is loaded before one
  // comes near, but for an item that the address names.
  if (address.read().item) follow(address.read());
  else {
    new IntersectionObserver((seen, watcher) => {
      if (!seen.some((s) => s.isIntersecting)) return;
      watcher.disconnect();
      follow(address.read());
    }, {rootMargin: '600px'}).observe(box);
  }
};
