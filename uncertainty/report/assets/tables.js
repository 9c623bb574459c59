// Tables that come as JSON: they sort, filter and page.
const pText = (p, floor) =>
    p < floor || p === 0 ? `< ${Number((floor || 1e-300).toPrecision(2))}` :
    p < 0.001 ? p.toExponential(1) : p.toPrecision(2);

const startTable = (box, data) => {
  const body = box.querySelector('tbody');
  const filter = box.querySelector('input[type=search]');
  const pick = box.querySelector('select');
  const status = box.querySelector('.status');
  const more = box.querySelector('button.more');
  // A figure's table stands as the figure does until a heading is pressed.
  let sorted = {column: data.sort, down: true};
  let shown = 25;

  const text = (value) => {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') {
      if (Number.isInteger(value)) return String(value);
      return value !== 0 && Math.abs(value) < 0.001 ?
          value.toExponential(1) : value.toFixed(3);
    }
    return Array.isArray(value) ? '' : String(value);
  };
  const bars = (shares) => {
    const node = document.createElement('span');
    node.className = 'bars';
    for (const share of shares) {
      const bar = document.createElement('i');
      bar.style.height = `${Math.max(1, 22 * share)}px`;
      bar.title = share.toFixed(2);
      node.append(bar);
    }
    return node;
  };
  const matches = (row) => {
    if (data.model >= 0 && !modelFilter.passes(row[data.model])) return false;
    if (pick && pick.value && row[data.pick] !== pick.value) return false;
    const wanted = filter.value.trim().toLowerCase();
    return !wanted || row.some((v) => text(v).toLowerCase().includes(wanted));
  };
  const compare = (a, b) => {
    const x = a[sorted.column], y = b[sorted.column];
    if (x === null || y === null) return (x === null) - (y === null);
    const order = typeof x === 'number' ? x - y : String(x).localeCompare(y);
    return sorted.down ? -order : order;
  };
  const draw = () => {
    const rows = data.rows.filter(matches);
    if (sorted.column !== null) rows.sort(compare);
    body.replaceChildren(...rows.slice(0, shown).map((row) => {
      const line = document.createElement('tr');
      row.forEach((value, i) => {
        const cell = line.insertCell();
        if (Array.isArray(value)) cell.append(bars(value));
        else if (typeof value === 'number' && data.p.includes(i)) {
          cell.textContent = pText(value, data.floor);
        } else cell.textContent = text(value);
        const raw = data.raw && typeof value === 'string' && data.raw[value];
        if (raw) cell.title = raw;
        if (typeof value === 'number') cell.className = 'number';
        cell.dataset.label = data.columns[i];
      });
      return line;
    }));
    status.textContent =
        `${Math.min(shown, rows.length)} of ${rows.length} rows`;
    more.hidden = rows.length <= shown;
    box.querySelectorAll('th button').forEach((button, i) => {
      button.parentElement.setAttribute(
          'aria-sort', i !== sorted.column ? 'none' :
          sorted.down ? 'descending' : 'ascending');
    });
  };
  box.querySelectorAll('th button').forEach((button, i) => {
    button.addEventListener('click', () => {
      sorted = {column: i, down: i === sorted.column ? !sorted.down : true};
      draw();
    });
  });
  filter.addEventListener('input', draw);
  if (pick) pick.addEventListener('change', draw);
  more.addEventListener('click', () => { shown += 100; draw(); });
  modelFilter.listen(() => draw());
  draw();
};
// A table that is folded away waits until it is opened.
for (const box of document.querySelectorAll('[data-table]')) {
  const start = () => startTable(
      box, JSON.parse(box.querySelector('script').textContent));
  const folded = box.closest('details:not([open])');
  if (folded) folded.addEventListener('toggle', start, {once: true});
  else start();
}

// A figure's table is made when it is opened; its rows are an own copy.
const figureTable = (figure, content) => {
  const details = figure.querySelector('details.numbers');
  details.addEventListener('toggle', () => {
    if (details.querySelector('table')) return;
    const data = {p: [], floor: 0, sort: null, pick: null, raw: {}, ...content()};
    // What is blank in every row is no column.
    const kept = data.columns.map((_, i) => i).filter((i) => data.rows.some(
        (r) => r[i] !== null && r[i] !== undefined && r[i] !== ''));
    const moved = (i) => kept.indexOf(i);
    data.columns = kept.map((i) => data.columns[i]);
    data.rows = data.rows.map((r) => kept.map((i) => r[i]));
    data.p = data.p.map(moved).filter((i) => i >= 0);
    data.model = moved(data.model);
    const box = make('div', {}, make('div', {className: 'controls'},
        make('input', {type: 'search', placeholder: 'filter rows',
          ariaLabel: 'filter'}), make('span', {className: 'status note'})),
    make('div', {className: 'scroll'}, make('table', {className: 'data'},
        make('thead', {}, make('tr', {}, data.columns.map((c) =>
          make('th', {scope: 'col'}, make('button', {type: 'button'}, c))))),
        make('tbody', {}))),
    make('button', {className: 'more', type: 'button'}, 'show more'));
    details.append(box);
    startTable(box, data);
  });
};
