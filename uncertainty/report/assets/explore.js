// The Explore view: items as points, by any two of their numbers. What draws
// them (`report/vendored`) is loaded when the view is opened.
const startExplore = (details) => {
  const catalogue = JSON.parse(
      document.querySelector('[data-items] script').textContent);
  const MOST = 20000;  // points that a browser draws within a second or two
  let library = null;
  const drawing = () => library ??= new Promise((resolve, reject) => {
    const script = make('script', {src: 'explore/plot.js', onload: resolve});
    script.onerror = () => {
      library = null;
      reject(new Error('explore/plot.js is not beside this page: keep the ' +
          'folder explore with index.html'));
    };
    document.head.append(script);
  });

  const choices = {points: 'Data', of: 'Model', x: 'Across', y: 'Up',
    colour: 'Colour by'};
  const controls = {};
  const form = make('form', {className: 'controls items',
    onsubmit: () => false, ariaLabel: 'What is drawn'});
  for (const [key, label] of Object.entries(choices)) {
    controls[key] = make('select', {id: `explore-${key}`,
      onchange: () => address.change({section: 'explore',
        ...Object.fromEntries(Object.entries(controls).map(
            ([k, control]) => [k, control.value]))})});
    form.append(make('label', {className: 'field'}, make('span', {}, label),
        controls[key]));
  }
  const fill = (key, options, value) => {
    controls[key].replaceChildren(...options);
    controls[key].value = value;
    controls[key].parentNode.hidden =
        controls[key].querySelectorAll('option').length < 2;
  };
  const option = (value, text) => make('option', {value, title: value}, text);
  const status = make('p', {className: 'note', role: 'status'});
  const figure = make('figure', {className: 'explore'});
  details.append(form, status, figure);

  // What is chosen, with all that is drawn from it.
  const loaded = async () => {
    const state = address.read();
    const data = catalogue.find((d) => d.name === state.points) ||
        catalogue[0];
    const allowed = data.models.map((m, i) => ({...m, i})).filter(
        (m) => modelFilter.passes(m.name));
    const named = allowed.filter((m) => m.name === state.of);
    const models = state.of === 'all' ? allowed :
        named.length ? named : allowed.slice(0, 1);
    const chunk = (name) => itemData(`${data.folder}/${name}`);
    const all = (name) => Promise.all(models.map(
        (m) => chunk(`${name}-${m.i}`)));
    const [{id}, find, people, own, scans] = await Promise.all([
      chunk('ids'), chunk('find'), chunk('numbers'), all('numbers'),
      all('scan'), drawing()]);
    const columns = new Map(people.columns.map((c) => [c.name,
      {...c, who: 'People', v: models.map(() => c.v)}]));
    own.forEach((of, k) => of.columns.forEach((c) => {
      if (!columns.has(c.name)) {
        columns.set(c.name, {...c, who: 'The model', v: []});
      }
      columns.get(c.name).v[k] = c.v;
    }));
    return {state, data, allowed, models, id, columns,
      graded: scans.map(outcomes),
      words: find.q.map((q, i) => q.split('\n')[0] || id[i])};
  };

  // Where nothing is right, a model errs that chooses against people.
  const outcomes = (scan) => {
    const key = ['r', 'k', 'h'].find((k) => scan[k].some((v) => v !== null));
    const names = key === 'h' ? ['against most people', 'with most people'] :
        ['wrong', 'right'];
    return (i) => key && scan[key][i] !== null ? names[scan[key][i]] :
        'not graded';
  };
  const looks = {
    'right': ['var(--right)', 'circle'], 'wrong': ['var(--wrong)', 'times'],
    'with most people': ['var(--right)', 'circle'],
    'against most people': ['var(--wrong)', 'times'],
    'not graded': ['var(--soft)', 'square']};
  const shapes = ['circle', 'times', 'triangle', 'square', 'plus', 'diamond',
    'asterisk', 'star'];

  const choose = ({state, data, allowed, models, columns}) => {
    const names = [...columns.keys()];
    const pick = (wanted, standard) => columns.has(wanted) ? wanted : standard;
    const x = pick(state.x, names[0]);
    const y = pick(state.y, names.find((name) => name !== x &&
        columns.get(name).who !== 'People') || names.find((n) => n !== x));
    const several = (key) => new Set(models.map((m) => m[key])).size > 1;
    const colours = [['outcome', 'outcome'], ['family', 'family'],
      ['kind', 'kind']].filter(([key]) => key === 'outcome' || several(key));
    const colour = colours.some(([key]) => key === state.colour) ?
        state.colour : 'outcome';
    fill('points', catalogue.map((d) => option(d.name, d.title)), data.name);
    fill('of', [...allowed.map((m) => option(m.name, m.name)),
      ...allowed.length > 1 ? [option('all', `all ${allowed.length} models`)] :
        []], models.length > 1 ? 'all' : models[0].name);
    for (const [key, value] of [['x', x], ['y', y]]) {
      fill(key, ['People', 'The model'].map((who) => make('optgroup',
          {label: who}, [...columns.values()].filter((c) => c.who === who)
              .map((c) => option(c.name, c.said)))), value);
    }
    fill('colour', colours.map(([key, text]) => option(key, text)), colour);
    return {x: columns.get(x), y: columns.get(y), colour};
  };

  // Item by item, so that no model covers the others.
  const pointsOf = ({models, id, graded}, {x, y, colour}) =>
    id.flatMap((_, i) => models.map((model, k) => ({
      i, model, x: x.v[k]?.[i] ?? null, y: y.v[k]?.[i] ?? null,
      outcome: graded[k](i)}))).filter((p) => p.x !== null && p.y !== null)
        .map((p) => ({...p, by: colour === 'outcome' ? p.outcome :
          p.model[colour] || 'not known'}));

  const drawPoints = (all, chosen, points, drawn) => {
    const {x, y} = chosen;
    const words = (p) => [all.words[p.i], all.models.length > 1 ?
      p.model.name : '', `${x.said}: ${p.x}`, `${y.said}: ${p.y}`, p.outcome]
        .filter(Boolean);
    const kinds = [...new Set(drawn.map((p) => p.by))].sort();
    const look = kinds.map((kind, i) => looks[kind] ||
        [`var(--k${i % 8})`, shapes[i % 8]]);
    const wide = Math.min(760, figure.clientWidth);
    const at = {x: 'x', y: 'y'};
    const chart = Plot.plot({width: wide, height: wide < 500 ? wide : 460,
      className: 'points', marginLeft: 52, marginTop: 28, marginBottom: 40,
      grid: true, style: {fontSize: '12px'},
      x: {label: x.said}, y: {label: y.said},
      color: {domain: kinds, range: look.map(([colour]) => colour)},
      symbol: {domain: kinds, range: look.map(([, shape]) => shape),
        legend: true},
      marks: [
        Plot.dot(drawn, {...at, stroke: 'by', symbol: 'by',
          r: drawn.length > 2000 ? 2 : 3.4, strokeOpacity: .8}),
        Plot.tip(drawn, Plot.pointer({...at, lineWidth: wide < 500 ? 13 : 20,
          title: (p) => all.words[p.i]}))]});
    const picture = chart.querySelector(':scope > svg');
    picture.setAttribute('aria-hidden', 'true');
    const ring = document.createElementNS(picture.namespaceURI, 'circle');
    ring.setAttribute('class', 'ring');
    ring.setAttribute('r', 7);

    const reading = make('p', {className: 'reading note', role: 'status'},
        'Point at or tap a point, or use the arrow keys, to read which item ' +
        'it is.');
    let now = null;
    const show = (p) => {
      now = p;
      ring.setAttribute('cx', chart.scale('x').apply(p.x));
      ring.setAttribute('cy', chart.scale('y').apply(p.y));
      picture.append(ring);
      reading.replaceChildren(`${words(p).join(' · ')} · `, make('a', {
        href: address.href({section: 'items', model: p.model.name,
          item: `${all.data.name}/${all.id[p.i]}`})}, 'open the item'));
    };
    const open = () => now && reading.querySelector('a').click();
    const box = make('div', {tabIndex: 0, role: 'group', ariaLabel:
      `${x.said} across, ${y.said} up; arrow keys move from point to point, ` +
      'Enter opens the item'}, chart);
    const along = (a, b) => [...drawn].sort(
        (p, q) => p[a] - q[a] || p[b] - q[b]);
    const orders = {x: along('x', 'y'), y: along('y', 'x')};
    const move = (key, step) => {
      const order = orders[key];
      const to = order[now ? order.indexOf(now) + step : 0];
      if (to) show(to);
    };
    const keys = {ArrowRight: () => move('x', 1), Enter: open,
      ArrowLeft: () => move('x', -1), ArrowUp: () => move('y', 1),
      ArrowDown: () => move('y', -1), Home: () => show(orders.x[0]),
      End: () => show(orders.x.at(-1))};
    box.onkeydown = (event) => {
      if (event.target !== box || !keys[event.key] || !drawn.length) return;
      event.preventDefault();
      keys[event.key]();
    };
    box.onfocus = () => { if (!now) move('x', 0); };
    chart.addEventListener('input', () => { if (chart.value) show(chart.value); });
    // A press holds no tip: a click of the mouse opens what it points at.
    box.addEventListener('pointerdown', (e) => e.stopPropagation(), true);
    picture.addEventListener('click', (event) => {
      if (event.pointerType === 'mouse' && chart.value) open();
    });

    const columns = ['item', 'question', 'model', x.said, y.said, 'outcome'];
    const rows = () => points.map((p) => [all.id[p.i], all.words[p.i],
      p.model.name, p.x, p.y, p.outcome]);
    const save = () => {
      // Text that a spreadsheet would compute (`spreadsheets.py`).
      const text = (v) => typeof v === 'string' &&
          /^'*[=+\-@\t\r\n＝＋－＠]/.test(v) &&
          !/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(v) ? `'${v}` : String(v);
      const cell = (v) => `"${text(v).replaceAll('"', '""')}"`;
      const link = make('a', {download: `${all.data.folder}.csv`,
        href: URL.createObjectURL(new Blob([[columns, ...rows()].map((row) =>
          row.map(cell).join() + '\n').join('')], {type: 'text/csv'}))});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    };
    figure.setAttribute('aria-label', `${x.said} and ${y.said} of items`);
    figure.replaceChildren(box, reading, make('details',
        {className: 'numbers'}, make('summary', {}, 'Table')),
    make('p', {className: 'files'}, make('button', {type: 'button',
      className: 'plain-button', onclick: save}, 'CSV')));
    figureTable(figure, () => ({columns, model: 2, rows: rows()}));
  };

  let turn = 0;  // counts what was asked for
  const drawAll = async () => {
    const mine = ++turn;
    const all = await loaded();
    if (mine !== turn) return;
    status.classList.remove('fault');
    if (!all.models.length || all.columns.size < 2) {
      status.textContent = all.models.length ?
          'These results hold no two numbers of an item.' :
          'No model passes the filter.';
      figure.replaceChildren();
      return;
    }
    const chosen = choose(all);
    const points = pointsOf(all, chosen);
    const step = Math.ceil(points.length / MOST);
    const drawn = points.filter((p) => p.i % step === 0);
    const missing = all.id.length * all.models.length - points.length;
    const of = all.models.length > 1 ? `${all.models.length} models` :
        all.models[0].name;
    status.textContent = `${points.length} points of ${of}` + (missing ?
      `; ${missing} lack one of the two numbers` : '') + (step > 1 ?
      `; every ${ordinal(step)} item is drawn, table and CSV have all` : '');
    if (points.length) drawPoints(all, chosen, points, drawn);
    else figure.replaceChildren();
  };
  const draw = () => drawAll().catch((error) => {
    status.textContent = error.message;
    status.classList.add('fault');
  });

  // The address says whether the view is open: it names it, or a choice in it.
  const named = (state) => state.section === 'explore' ||
      Object.keys(choices).some((key) => state[key]);
  let before = '';
  const follow = (state) => {
    const asked = Object.keys(choices).map((key) => state[key] || '').join();
    const changed = asked !== before;
    before = asked;
    if (details.open) { if (changed) draw(); }
    else if (named(state)) details.open = true;
  };
  details.addEventListener('toggle', () => {
    if (details.open !== named(address.read())) {
      address.change({section: details.open ? 'explore' : '',
        ...Object.fromEntries(Object.keys(choices).map((key) => [key, '']))});
    }
    if (details.open) draw();
  });
  address.listen(follow);
  modelFilter.listen(() => { if (details.open) draw(); });
  const state = address.read();
  follow(state);
  if (state.section === 'explore' && !state.item) {
    details.parentNode.scrollIntoView({behavior: 'instant'});
  }
};
