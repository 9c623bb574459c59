// Heatmaps: cells that keys, pointers and fingers read, rows that sort, and
// one row for settings of a measure that say the same.
const drawHeatmap = (box) => {
  const script = box.querySelector('script');
  if (!script || box.dataset.drawn) return;
  box.dataset.drawn = 'yes';
  const data = JSON.parse(script.textContent);
  const digits = (value) => {
    const text = value.toFixed(data.digits).replace(/^-(?=0\.0*$)/, '');
    return Math.abs(value) < 1 ? text.replace('0.', '.') : text;
  };
  const count = (row) => data.alike.filter((j) => j === row).length - 1;
  const folds = data.rows.map((_, i) => i).filter((i) => data.alike[i] !== i);
  let unfolded = false;
  let sorted = null;  // ['row' or 'column', its place]
  const figure = box.closest('figure');

  const said = make('p', {className: 'reading note', role: 'status'},
      'Point at or tap a cell, or use the arrow keys, to read its interval; ' +
      'a heading sorts.');
  const table = make('table', {className: 'heatmap'});
  table.setAttribute('role', 'grid');
  table.setAttribute('aria-label', figure.getAttribute('aria-label'));
  const ends = [data.low * data.sign, data.high * data.sign];
  const counts = make('span', {});
  const bar = make('p', {className: 'scale-bar'},
      data.label ? make('span', {}, data.label) : null,
      make('span', {}, figureNumber(ends[0], 1)),
      make('span', {className: `bar-of ${data.map}`, ariaHidden: 'true'},
          Array.from({length: data.steps}, (_, i) =>
            make('i', {className: data.map + i}))),
      make('span', {}, figureNumber(ends[1], 1)), counts);
  const fold = make('button', {type: 'button', className: 'plain-button',
    hidden: !folds.length, onclick: () => {
      unfolded = !unfolded;
      draw();
    }});
  const back = make('button', {type: 'button', className: 'plain-button',
    onclick: () => { sorted = null; draw(); }}, 'order of the analysis');
  box.append(make('div', {className: 'heat-tools'}, bar, fold, back),
      make('div', {className: 'scroll'}, table), said);

  const describe = (i, j) => {
    const value = data.values[i][j];
    const start = `${data.rows[i]}, ${data.columns[j]}: `;
    if (value === null) return start + 'no value';
    const {low, high, ...others} = Object.fromEntries(
        Object.entries(data.details).map(([k, grid]) => [k, grid[i][j]]));
    return start + (data.label ? `${data.label} = ` : '') +
        figureNumber(value) + figureInterval(low, high) +
        Object.entries(others).filter(([, v]) => v !== null).map(
            ([name, v]) => name.endsWith('p') ?
              `, ${name} ${v <= 0 ? '' : '= '}${pText(v, 0)}` :
              `, ${name} = ${v}`).join('');
  };
  const strength = (v) => v === null ? -Infinity : v * data.sign;
  const order = () => {
    let rows = data.rows.map((_, i) => i).filter(
        (i) => unfolded || data.alike[i] === i);
    let columns = data.columns.map((_, j) => j).filter((j) =>
      !modelFilter.known.has(data.columns[j]) ||
      modelFilter.passes(data.columns[j]));
    if (sorted && sorted[0] === 'column') {
      rows = rows.sort((a, b) => strength(data.values[b][sorted[1]]) -
          strength(data.values[a][sorted[1]]));
    } else if (sorted) {
      columns = columns.sort((a, b) => strength(data.values[sorted[1]][b]) -
          strength(data.values[sorted[1]][a]));
    }
    return [rows, columns];
  };
  const heading = (scope, place, text, tip) => {
    const now = sorted && sorted[0] === scope && sorted[1] === place;
    const button = make('button', {type: 'button', tabIndex: -1, title: tip,
      onclick: () => { sorted = now ? null : [scope, place]; draw(); }},
    make('span', {}, text));
    const cell = make('th', {scope: scope === 'column' ? 'col' : 'row'},
        button);
    if (now) cell.setAttribute('aria-sort', 'descending');
    return cell;
  };
  const draw = () => {
    const [rows, columns] = order();
    table.classList.toggle('few', columns.length <= 4);
    table.classList.toggle('many', columns.length > 16);
    fold.textContent = unfolded ? 'fold settings that are alike' :
        `show ${folds.length} more settings that differ by no more than .05`;
    back.hidden = !sorted;
    const ns = (data.details.n || []).flatMap((row) =>
      columns.map((j) => row[j])).filter((n) => n !== null);
    const least = ns.reduce((a, b) => Math.min(a, b), Infinity);
    const most = ns.reduce((a, b) => Math.max(a, b), -Infinity);
    counts.textContent = !ns.length ? '' : least === most ? `n = ${least}` :
        `n = ${least} to ${most}`;
    const body = make('tbody', {}, rows.map((i) => make('tr', {},
        heading('row', i, data.rows[i] + (!unfolded && count(i) > 0 ?
          ` (+${count(i)})` : ''), data.raw[i]),
        columns.map((j) => {
          const value = data.values[i][j];
          const cell = make('td', {tabIndex: -1});
          cell.dataset.at = `${i},${j}`;
          if (value === null) {
            cell.className = 'blank';
            cell.textContent = '·';
            return cell;
          }
          const span = (value * data.sign - data.low) /
              (data.high - data.low);
          cell.className = data.map + Math.round(
              Math.min(1, Math.max(0, span)) * (data.steps - 1));
          if (data.weak && data.weak[i][j]) cell.classList.add('weak');
          cell.textContent = digits(value);
          return cell;
        }))));
    table.replaceChildren(make('thead', {}, make('tr', {}, make('td', {}),
        columns.map((j) => heading('column', j, data.columns[j],
            'sort rows by this column')))), body);
    const first = body.querySelector('td');
    if (first) first.tabIndex = 0;
  };
  const read = (cell) => {
    if (!cell || !cell.dataset.at) return;
    said.textContent = describe(...cell.dataset.at.split(',').map(Number));
  };
  const move = (cell) => {
    const target = cell && (cell.querySelector('button') || cell);
    if (!target || target.tabIndex === undefined) return;
    table.querySelectorAll('[tabindex="0"]').forEach((n) => {
      n.tabIndex = -1;
    });
    target.tabIndex = 0;
    target.focus();
    read(cell);
  };
  table.addEventListener('focusin', (event) => read(event.target));
  table.onpointerover = (event) => read(event.target.closest('td'));
  table.onclick = (event) => {
    const cell = event.target.closest('td[data-at]');
    if (cell) move(cell);
  };
  table.onkeydown = (event) => {
    const cell = event.target.closest('td, th');
    const step = {ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0],
      ArrowUp: [-1, 0]}[event.key];
    if (!step || !cell) return;
    event.preventDefault();
    const line = table.rows[cell.parentElement.rowIndex + step[0]];
    const next = line && line.cells[cell.cellIndex + step[1]];
    if (next && (next.dataset.at || next.matches('th'))) move(next);
  };
  modelFilter.listen(draw);
  draw();
  figureTable(figure, () => ({
    columns: ['measure', 'model', data.label || 'value',
      ...Object.keys(data.details)], model: 1,
    p: Object.keys(data.details).flatMap(
        (k, i) => k.endsWith('p') ? [3 + i] : []),
    rows: data.rows.flatMap((row, i) => data.columns.flatMap((column, j) =>
      data.values[i][j] === null ? [] : [[row, column, data.values[i][j],
        ...Object.values(data.details).map((grid) => grid[i][j])]]))}));
};
