// The sentence of one model, or how many stand where: while a filter is set,
// of those that pass it.
const startQuestion = (script) => {
  const {means, by, rows} = JSON.parse(script.textContent);
  const answer = script.previousElementSibling;
  const ofAll = answer.textContent;
  const told = (passing) => {
    if (!passing.length) return 'No model of which this is known passes the filter.';
    if (passing.length === 1) return passing[0][2];
    const parts = Object.entries(means).map(([verdict, words]) => {
      const n = passing.filter(([, v]) => v === verdict).length;
      return [n, `${n} of ${passing.length} models ${n === 1 ? 'is' : 'are'} ` +
          words];
    }).filter(([n]) => n);
    const left = passing.length - parts.reduce((sum, [n]) => sum + n, 0);
    const said = parts.map(([, text]) => text);
    if (left) {
      said.push(`of ${said.length ? left : `all ${left} models`} it cannot ` +
          'be told');
    }
    const text = said.join(', ');
    const of = by ? ` (${by})` : '';
    return `${text[0].toUpperCase()}${text.slice(1)}${of}.`;
  };
  modelFilter.listen(() => {
    answer.textContent = modelFilter.active() ? told(rows.filter(
        ([model]) => modelFilter.passes(model))) : ofAll;
  });
};

// The answer on top: a row a model, three scales.
const drawAnswerPlot = (box) => {
  const data = JSON.parse(box.querySelector('script').textContent);
  const body = make('tbody');
  const limits = (values, low, high) => [
    Math.min(low, ...values), Math.max(high, ...values)];
  const ends = (key) => data.rows.flatMap((r) => r[key] || [])
      .filter((v) => v !== null);
  const scales = {
    rho: limits([...ends('rho'), ...(data.ceiling || [])], 0, 0.4),
    fifths: [0, 1],
    error: limits(ends('error'), 0, 0.2)};
  const drawing = make('div', {innerHTML: '<svg></svg>'}).firstChild;
  const svg = (tag, props) => {
    const node = document.createElementNS(drawing.namespaceURI, tag);
    for (const [k, v] of Object.entries(props)) node.setAttribute(k, v);
    return node;
  };
  const at = (key, v) => {
    const [low, high] = scales[key];
    return `${(4 + 92 * (v - low) / (high - low)).toFixed(2)}%`;
  };
  const number = (v) => v.toFixed(2).replace('-', '−');
  const strip = (key, above, ...marks) => {
    const node = svg('svg', {class: 'strip-plot', 'aria-hidden': 'true'});
    if (scales[key][0] <= 0) {
      node.append(svg('line', {class: 'zero', x1: at(key, 0), x2: at(key, 0),
        y1: 0, y2: '100%'}));
    }
    if (key === 'rho' && data.ceiling) {
      const [low, mid, high] = data.ceiling;
      const from = at(key, low), to = at(key, high);
      node.append(svg('rect', {class: 'ceiling', x: from, y: 0,
        width: `${parseFloat(to) - parseFloat(from)}%`, height: '100%'}));
      if (mid !== null) {
        node.append(svg('line', {class: 'ceiling-line', x1: at(key, mid),
          x2: at(key, mid), y1: 0, y2: '100%'}));
      }
    }
    if (above) node.append(above);
    node.append(...marks);
    return node;
  };
  const dot = (key, v, kind) => svg('circle', {class: `dot ${kind}`,
    cx: at(key, v), cy: '50%', r: 5});
  const whisker = (key, low, high, kind) => low === null ? svg('g', {}) :
      svg('line', {class: `whisker ${kind}`, x1: at(key, low),
        x2: at(key, high), y1: '50%', y2: '50%'});
  const interval = (t) => t[1] === null ? number(t[0]) :
      `${number(t[0])} [${number(t[1])}, ${number(t[2])}]`;
  const joined = (key, row, base, place) => {
    if (!base || !base[key] || !row[key]) return null;
    return svg('line', {class: 'pair', x1: at(key, base[key][place]),
      x2: at(key, row[key][place]), y1: -29, y2: 11});  // rows are 40 apart
  };
  const cell = (label, plot, text) => make('td', {'data-label': label}, plot,
      make('span', {className: 'value'}, text));

  const sorts = {
    family: ['family and size', null],
    alignment: ['alignment', (r) => r.rho ? -r.rho[0] : 9],
    accuracy: ['accuracy where surest', (r) => r.fifths ? -r.fifths[0] : 9],
    error: ['calibration error', (r) => r.error ? r.error[0] : 9],
  };
  const order = make('select', {
    onchange: () => address.change(
        {sort: order.value === 'family' ? '' : order.value})},
  Object.entries(sorts).map(([key, [text]]) => make('option',
      {value: key}, text)));
  const kinds = make('p', {className: 'key kinds'});
  const has = (key) => data.rows.some((r) => r[key]);
  const heads = [
    ['rho', 'Alignment', 'ρ with people\'s entropy; right is better'],
    ['fifths', data.graded, '○ least sure fifth, ● surest fifth of items'],
    ['error', 'Calibration error', `${data.error}; left is better`]].filter(
      ([key]) => has(key));
  const scaleOf = (key) => make('span', {className: 'scale'},
      make('span', {}, number(scales[key][0])),
      make('span', {}, number(scales[key][1])));
  box.append(
      data.rows.length > 1 ? make('form', {className: 'controls',
        onsubmit: () => false}, make('label', {className: 'field'},
          make('span', {}, 'Sorted by'), order),
      kinds) : '',
      make('div', {className: 'scroll'}, make('table', {className: 'answers'},
          make('thead', {}, make('tr', {}, make('th', {scope: 'col'}, 'Model'),
              heads.map(([key, title, note]) => make('th', {scope: 'col'},
                  title, make('small', {}, note), scaleOf(key))))), body)));
  const draw = () => {
    const {sort} = address.read();
    const rank = (sorts[sort] || sorts.family)[1];
    order.value = sorts[sort] ? sort : 'family';
    const rows = data.rows.filter((r) => modelFilter.passes(r.model));
    if (rank) rows.sort((a, b) => rank(a) - rank(b));
    kinds.replaceChildren(...['base', 'instruct'].filter((kind) => rows.some(
        (r) => (modelFilter.known.get(r.model) || {}).kind === kind)).map(
        (kind) => make('span', {className: kind}, kind)));
    let family = null;
    body.replaceChildren(...rows.flatMap((row, i) => {
      const who = modelFilter.known.get(row.model) || {};
      const before = rows[i - 1];
      const base = before && who.base && before.model === who.base ?
          before : null;
      const kind = who.kind || 'base';
      const cells = {
        rho: () => row.rho ? cell('Alignment', strip('rho',
            joined('rho', row, base, 0),
            whisker('rho', row.rho[1], row.rho[2], kind),
            dot('rho', row.rho[0], kind)), interval(row.rho)) :
            cell('Alignment', '', '–'),
        fifths: () => row.fifths ? cell(data.graded, strip('fifths', null,
            svg('line', {class: 'span', x1: at('fifths', row.fifths[1]),
              x2: at('fifths', row.fifths[0]), y1: '50%', y2: '50%'}),
            dot('fifths', row.fifths[1], `${kind} open`),
            dot('fifths', row.fifths[0], kind)),
        `${number(row.fifths[1])} → ${number(row.fifths[0])}`) :
            cell(data.graded, '', '–'),
        error: () => row.error ? cell('Calibration error', strip('error',
            joined('error', row, base, 0),
            whisker('error', row.error[1], row.error[2], kind),
            dot('error', row.error[0], kind)), interval(row.error)) :
            cell('Calibration error', '', '–')};
      const line = make('tr', {className: base ? 'after-base' : ''},
          make('th', {scope: 'row'}, make('span', {}, row.model),
              make('small', {}, [kind === 'instruct' ? 'instruct' :
                who.kind, who.size ? `${+who.size.toPrecision(2)} B` : null,
              `n = ${row.n}`].filter(Boolean).join(' · '))),
          heads.map(([key]) => cells[key]()));
      const lead = !rank && who.family && who.family !== family &&
          data.rows.length > 2 ? [make('tr', {className: 'family'},
              make('th', {colSpan: heads.length + 1, scope: 'rowgroup'},
                  who.family))] : [];
      family = who.family;
      return [...lead, line];
    }));
  };
  let seen = null;
  address.listen((state) => { if (state.sort !== seen) draw(); seen = state.sort; });
  modelFilter.listen(draw);
};
