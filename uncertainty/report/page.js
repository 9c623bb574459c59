// Draws what comes as JSON: heatmaps, and tables that sort, filter and page.
'use strict';
const pText = (p, floor) =>
    p < floor || p === 0 ? `< ${Number((floor || 1e-300).toPrecision(2))}` :
    p < 0.001 ? p.toExponential(1) : p.toPrecision(2);

const drawHeatmap = (box) => {
  const script = box.querySelector('script');
  if (!script) return;  // drawn before
  const data = JSON.parse(script.textContent);
  script.remove();
  const table = box.querySelector('table');
  const short = (value) => {
    const text = value.toFixed(data.digits);
    return Math.abs(value) < 1 ? text.replace('0.', '.') : text;
  };
  const head = table.createTHead().insertRow();
  head.append(document.createElement('th'));
  for (const column of data.columns) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.append(Object.assign(
        document.createElement('span'), {textContent: column}));
    head.append(cell);
  }
  const body = table.createTBody();
  data.rows.forEach((row, i) => {
    const line = body.insertRow();
    const first = document.createElement('th');
    first.scope = 'row';
    first.textContent = row;
    line.append(first);
    data.columns.forEach((column, j) => {
      const cell = line.insertCell();
      const value = data.values[i][j];
      if (value === null) {
        cell.className = 'blank';
        cell.title = 'no value';
        cell.textContent = '·';
        return;
      }
      const span = (value * data.sign - data.low) / (data.high - data.low);
      const step = Math.round(
          Math.min(1, Math.max(0, span)) * (data.steps - 1));
      cell.className = data.map + step;
      if (data.weak && data.weak[i][j]) cell.classList.add('weak');
      cell.textContent = short(value);
      const {low, high, ...others} = Object.fromEntries(
          Object.entries(data.details).map(([k, grid]) => [k, grid[i][j]]));
      let title = `${row}, ${column}: ` +
          `${data.label ? data.label + ' = ' : ''}${value.toFixed(3)}`;
      if (low != null && high != null) {
        title += ` [${low.toFixed(3)}, ${high.toFixed(3)}]`;
      }
      for (const [name, other] of Object.entries(others)) {
        if (other === null) continue;
        title += name.endsWith('p') ?
            `, ${name} ${other <= 0 ? '' : '= '}${pText(other, 0)}` :
            `, ${name} = ${other}`;
      }
      cell.title = title;
    });
  });
};
// Those in closed details wait until they are opened.
for (const box of document.querySelectorAll('[data-heatmap]')) {
  if (!box.closest('details')) drawHeatmap(box);
}
for (const details of document.querySelectorAll('details')) {
  details.addEventListener('toggle', () => {
    details.querySelectorAll('[data-heatmap]').forEach((box) => {
      if (!box.closest('details:not([open])')) drawHeatmap(box);
    });
  });
}

for (const box of document.querySelectorAll('[data-table]')) {
  const data = JSON.parse(box.querySelector('script').textContent);
  const body = box.querySelector('tbody');
  const filter = box.querySelector('input[type=search]');
  const pick = box.querySelector('select');
  const status = box.querySelector('.status');
  const more = box.querySelector('button.more');
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
    const rows = data.rows.filter(matches).sort(compare);
    body.replaceChildren(...rows.slice(0, shown).map((row) => {
      const line = document.createElement('tr');
      row.forEach((value, i) => {
        const cell = line.insertCell();
        if (Array.isArray(value)) cell.append(bars(value));
        else if (typeof value === 'number' && data.p.includes(i)) {
          cell.textContent = pText(value, data.floor);
        } else cell.textContent = text(value);
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
  draw();
}
