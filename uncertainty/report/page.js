// Sorting, filtering and paging of the tables whose rows come as JSON.
'use strict';
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
        else cell.textContent = text(value);
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
