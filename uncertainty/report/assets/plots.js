// Plots from data: panels that filters act on, whose points are reached by
// pointer, finger and arrow keys.
const figureNumber = (v, digits = 3) => v === null || v === undefined ? '–' :
    (Number.isInteger(v) ? String(v) : Math.abs(v) < 0.001 ?
      v.toExponential(1) : v.toFixed(digits)).replace('-', '−');
const figureInterval = (low, high) => low !== null && low !== undefined &&
    high !== null && high > low ?
    ` [${figureNumber(low)}, ${figureNumber(high)}]` : '';

const drawPlot = (box) => {
  const script = box.querySelector('script');
  const data = JSON.parse(script.textContent);
  const namespace = make('div', {innerHTML: '<svg></svg>'})
      .firstChild.namespaceURI;
  const svg = (tag, props, text) => {
    const node = document.createElementNS(namespace, tag);
    for (const [k, v] of Object.entries(props)) node.setAttribute(k, v);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const alone = data.panels.length === 1;
  // Letters keep their size on a phone, where many panels stand in twos.
  const small = innerWidth < 640 && data.panels.length > 6;
  const wide = alone ? Math.max(330, Math.min(620, innerWidth - 30)) :
      small ? 178 : 330;
  const names = data.y.categories || [];
  const left = names.length ?
      12 + 5.9 * Math.max(...names.map((n) => n.length)) : 46;
  const inner = Math.max(120, wide - left - 10);
  const total = left + inner + 10;
  const passing = (s, i) => !s.models || modelFilter.passes(s.models[i]);
  const points = (s) => s.x.map((_, i) => i).filter((i) => s.x[i] !== null &&
      s.y[i] !== null && passing(s, i));
  // Rows of which something is shown, and the places that they stand at.
  let places, tall;
  const place = () => {
    const kept = new Set(modelFilter.active() ? data.panels.flatMap((p) =>
      p.series.flatMap((s) => points(s).map((i) => s.y[i]))) : names.keys());
    const order = [...names.keys()].filter((i) => kept.has(i));
    places = new Map(order.map((i, at) => [i, at]));
    tall = names.length ? 17 * order.length : inner * data.height;
  };

  const said = make('p', {className: 'reading note', role: 'status'},
      'Point at or tap a mark, or use the arrow keys, to read its numbers.');
  const grid = make('div', {tabIndex: 0, role: 'group', className:
    `panels${alone ? ' alone' : small ? ' small' : ''}`});
  const figure = box.closest('figure');
  grid.setAttribute('aria-label',
      `${figure.getAttribute('aria-label')}; arrow keys read its points`);
  const key = make('p', {className: 'key plot-key'});
  const drawKey = (panels) => {
    const labels = new Map();
    panels.forEach((p) => p.series.forEach((s) => {
      if (s.label && !labels.has(s.label) && points(s).length) {
        labels.set(s.label, s);
      }
    }));
    key.replaceChildren(...[...labels].map(([text, s]) => make('span', {
      className: `k${(s.color || 0) % 8}${s.line ? ' line' : ''}` +
          `${s.dashed ? ' dashed' : ''}`}, text)));
    key.hidden = !labels.size;
  };
  box.append(key, grid, said);

  let spots = [];  // what can be read: place, words
  let at = -1;
  const describe = (panel, s, i) => {
    const along = names.length ? 'x' : 'y';
    const value = (k) => {
      const list = data[k].categories;
      const text = list && list.length ? list[s[k][i]] :
          figureNumber(s[k][i]) + (k === along && s.low ?
            figureInterval(s.low[i], s.high[i]) : '');
      return data[k].label ? `${data[k].label}: ${text}` : text;
    };
    return [panel.title, s.models ? s.models[i] : '', s.label,
      s.names ? s.names[i] : '', value('x'), value('y'),
      s.n ? `n = ${s.n[i]}` : ''].filter(
        (t, j, all) => t && all.indexOf(t) === j).join(' · ');
  };
  const show = (i) => {
    grid.querySelectorAll('.ring').forEach((n) => n.remove());
    at = i;
    if (!spots[i]) return;
    const {node, x, y, text} = spots[i];
    node.append(svg('circle', {class: 'ring', cx: x, cy: y, r: 7}));
    said.textContent = text();
  };
  const drawPanel = (panel) => {
    const log = (k) => data[k].log ? Math.log : (v) => v;
    const spans = names.length ?
        [panel.span[0], [-0.6, places.size - 0.4]] : panel.span;
    const scale = (k, start, end) => {
      const [low, high] = spans[k === 'x' ? 0 : 1].map(log(k));
      return (v) => start + (end - start) * Math.min(1, Math.max(
          0, (log(k)(v) - low) / (high - low)));
    };
    const top = panel.title ? 22 : 6;
    const px = scale('x', left, left + inner);
    const py = scale('y', top + tall, top);
    const node = svg('svg', {viewBox: `0 0 ${total} ${top + tall + 34}`,
      'aria-hidden': 'true', class: 'plot-panel'});
    if (panel.title) {
      const end = total - 7.3 * panel.title.length;
      node.append(svg('text', {x: Math.max(2, Math.min(left, end)), y: 13,
        class: 'title'}, panel.title));
    }
    const line = (x1, y1, x2, y2, kind) => node.append(
        svg('line', {x1, y1, x2, y2, class: kind}));
    for (const k of ['x', 'y']) {
      const list = k === 'y' && names.length ?
          [...places.keys()].map((i) => names[i]) : data[k].categories;
      const span = spans[k === 'x' ? 0 : 1];
      const values = list ? list.map((_, i) => i) : data[k].log ?
          ticks.logarithmic(...span) :
          ticks.linear(...span, inner > 180 ? 5 : 3);
      const words = list || ticks.words(values);
      values.forEach((v, i) => {
        if (k === 'x') {
          line(px(v), top, px(v), top + tall, 'grid');
          node.append(svg('text', {x: px(v), y: top + tall + 13,
            class: 'tick', 'text-anchor': 'middle'}, words[i]));
        } else {
          line(left, py(v), left + inner, py(v), 'grid');
          node.append(svg('text', {x: left - 5, y: py(v) + 3, class: 'tick',
            'text-anchor': 'end'}, words[i]));
        }
      });
    }
    const along = data.x.label || '';
    node.append(svg('text', {y: top + tall + 29, class: 'axis',
      x: Math.min(left + inner / 2, total - 2.7 * along.length),
      'text-anchor': 'middle'}, along));
    if (data.y.label) {
      node.append(svg('text', {x: 0, y: 0, class: 'axis',
        'text-anchor': 'middle',
        transform: `translate(11 ${top + tall / 2}) rotate(-90)`},
      data.y.label));
    }
    for (const [low, high, color, model] of panel.bands || []) {
      if (model && !modelFilter.passes(model)) continue;
      node.append(svg('rect', {x: left, y: py(high), width: inner,
        height: py(low) - py(high), class: `band k${(color || 0) % 8}`}));
    }
    for (const [where, value] of data.references) {
      const [[xl, xh], [yl, yh]] = spans;
      const low = Math.max(xl, yl), high = Math.min(xh, yh);
      if (where === 'diagonal') {
        line(px(low), py(low), px(high), py(high), 'reference dashed');
      } else if (where === 'x') line(px(value), top, px(value), top + tall,
          'reference');
      else line(left, py(value), left + inner, py(value), 'reference');
    }
    const crowded = total < 400 && panel.series.reduce(
        (n, s) => n + s.x.length, 0) > 200;
    for (const s of panel.series) {
      const color = `k${(s.color || 0) % 8}`;
      const known = points(s);
      const X = (i) => px(s.x[i]);
      const Y = (i) => py(names.length ? places.get(s.y[i]) : s.y[i]);
      if (s.cloud) {
        node.append(svg('path', {class: `cloud ${color}`, d: known.map((i) =>
          `M${X(i).toFixed(1)} ${Y(i).toFixed(1)}h0`).join('')}));
        continue;
      }
      if (s.line) {
        node.append(svg('path', {
          class: `curve ${color}${s.dashed ? ' dashed' : ''}`,
          d: known.map((i, j) => `${j ? 'L' : 'M'}${X(i).toFixed(1)} ` +
              Y(i).toFixed(1)).join('')}));
      }
      const all = (s.n || []).reduce((a, b) => a + b, 0) || 1;
      for (const i of known) {
        if (s.low && s.low[i] !== null && s.high[i] > s.low[i]) {
          if (names.length) line(px(s.low[i]), Y(i), px(s.high[i]), Y(i),
              `whisk ${color}`);
          else line(X(i), py(s.low[i]), X(i), py(s.high[i]),
              `whisk ${color}`);
        }
        if (!s.line || s.sized || known.length < 2) {
          node.append(svg('circle', {
            class: `mark ${color}${s.filled && !s.filled[i] ? ' open' : ''}`,
            cx: X(i), cy: Y(i),
            r: s.sized ? Math.sqrt(5 + 90 * s.n[i] / all) :
                crowded ? 2.2 : 3.6}));
        }
        spots.push({node, x: X(i), y: Y(i),
          text: () => describe(panel, s, i)});
      }
    }
    return node;
  };
  const draw = () => {
    spots = [];
    at = -1;
    const shown = data.panels.filter((p) => modelFilter.passes(p.model || '') ||
        !p.model && p.series.some((s) => points(s).length));
    place();
    drawKey(shown);
    grid.replaceChildren(...shown.map(drawPanel));
    if (!shown.length) grid.append(make('p', {}, 'No model passes the filter.'));
  };
  const nearest = (event) => {
    const node = event.target.closest('svg');
    if (!node) return;
    const frame = node.getBoundingClientRect();
    const zoom = total / frame.width;
    const x = (event.clientX - frame.left) * zoom;
    const y = (event.clientY - frame.top) * zoom;
    let best = -1, least = 900;
    spots.forEach((spot, i) => {
      if (spot.node !== node) return;
      const far = (spot.x - x) ** 2 + (spot.y - y) ** 2;
      if (far < least) { least = far; best = i; }
    });
    if (best >= 0 && best !== at) show(best);
  };
  grid.onpointermove = nearest;
  grid.onclick = nearest;
  grid.onkeydown = (event) => {
    const panelOf = (i) => spots[i] && spots[i].node;
    const jump = (step) => {
      let i = Math.max(0, at);
      while (spots[i] && panelOf(i) === panelOf(Math.max(0, at))) i += step;
      return spots[i] ? i : at;
    };
    const to = {ArrowRight: () => at + 1, ArrowLeft: () => at - 1,
      ArrowDown: () => jump(1), ArrowUp: () => jump(-1),
      Home: () => 0, End: () => spots.length - 1}[event.key];
    if (!to) return;
    const next = to();
    event.preventDefault();
    if (spots[next]) show(next);
  };
  modelFilter.listen(draw);
  draw();
  figureTable(figure, () => {
    const rows = [];
    for (const p of data.panels) {
      for (const s of p.series) {
        if (s.cloud) continue;
        s.x.forEach((_, i) => rows.push([p.title,
          s.models ? s.models[i] : p.model || '', s.label || '',
          s.names ? s.names[i] : '', ...['x', 'y'].map((k) =>
            data[k].categories ? data[k].categories[s[k][i]] : s[k][i]),
          s.low ? s.low[i] : null, s.high ? s.high[i] : null,
          s.n ? s.n[i] : null]));
      }
    }
    return {columns: ['panel', 'model', 'series', 'what',
      data.x.label || 'along', data.y.label || 'measure', 'low', 'high', 'n'],
    model: 1, rows};
  });
};
