// Which models the whole page shows: by family, size, kind and name. The
// choice stands in the address.
const modelFilter = (() => {
  const models = JSON.parse(document.getElementById('models').textContent);
  const known = new Map(models.map((m) => [m.name, m]));
  const sizes = {small: ['up to 2 billion', 0, 2],
    middle: ['2 to 8 billion', 2, 8], large: ['over 8 billion', 8, Infinity]};
  let now = {};
  const active = () => Object.values(now).some(Boolean);
  // A row may be of a model and more: 'NAME: a probe of it', 'NAME steered'.
  const owner = (text) => known.get(text) || known.get(
      [...known.keys()].filter((name) => text.startsWith(name) &&
        /^[^\w.-]/.test(text.slice(name.length)))
          .sort((a, b) => b.length - a.length)[0]);
  const passes = (text) => {
    if (!active()) return true;
    const model = owner(String(text));
    const [, low, high] = sizes[now.size] || ['', 0, Infinity];
    return (!now.family || model && model.family === now.family) &&
        (!now.kind || model && model.kind === now.kind) &&
        (!now.size || model && model.size !== null && model.size > low &&
            model.size <= high) &&
        (!now.name || String(model ? model.name : text).toLowerCase()
            .includes(now.name.toLowerCase()));
  };
  const listeners = [];
  const box = document.getElementById('model-filter');
  const names = new Set(models.map((m) => m.name));

  const choice = (key, label, options) => {
    if (options.length < 2) return null;
    const control = make('select', {id: `filter-${key}`,
      onchange: () => address.change({[key]: control.value})},
    make('option', {value: ''}, 'any'),
    options.map(([value, text]) => make('option', {value}, text)));
    return make('label', {className: 'field'}, make('span', {}, label),
        control);
  };
  const status = make('span', {className: 'note', role: 'status'});
  const showAll = () => address.change(
      {family: '', kind: '', size: '', name: ''});
  const clear = make('button', {type: 'button', className: 'plain-button',
    onclick: showAll}, 'show all');
  // What is of all models at once no filter can act on: while one is set,
  // a line stands in its place, one for what stands together.
  const setApart = () => {
    document.querySelectorAll('.set-apart').forEach((line) => line.remove());
    const parts = [...document.querySelectorAll('[data-of-all]')];
    parts.forEach((part) => { part.hidden = active(); });
    if (!active()) return;
    const places = new Set(parts.map((part) => part.closest('.scroll') || part));
    for (const place of places) {
      if (places.has(place.previousElementSibling)) continue;
      const rows = parts.filter((p) => p !== place && place.contains(p)).length;
      place.before(make('p', {className: 'set-apart note'},
          `${!rows ? 'What stands here is' : rows === 1 ? 'One row is' :
            `${rows} rows are`} of all ${names.size} models together. `,
          make('button', {type: 'button', className: 'plain-button',
            onclick: showAll}, 'Clear the filter to see it')));
    }
  };
  const build = () => {
    const distinct = (key) => [...new Set(models.map((m) => m[key]))]
        .filter(Boolean).sort().map((v) => [v, v]);
    const text = make('input', {type: 'search', id: 'filter-name',
      placeholder: 'part of a name', autocomplete: 'off',
      oninput: () => address.change({name: text.value})});
    box.append(make('form', {className: 'controls', onsubmit: () => false,
      ariaLabel: 'Models shown'},
    choice('family', 'Family', distinct('family')),
    choice('size', 'Size', Object.entries(sizes).filter(([, [, low, high]]) =>
      models.some((m) => m.size !== null && m.size > low && m.size <= high))
        .map(([key, [words]]) => [key, words])),
    choice('kind', 'Kind', distinct('kind')),
    make('label', {className: 'field'}, make('span', {}, 'Name'), text),
    status, clear));
  };
  const follow = (state) => {
    const next = {family: state.family, size: state.size, kind: state.kind,
      name: state.name};
    if (JSON.stringify(next) === JSON.stringify(now)) return;
    now = next;
    show();
  };
  const show = () => {
    for (const key of ['family', 'size', 'kind', 'name']) {
      const control = document.getElementById(`filter-${key}`);
      if (control && document.activeElement !== control) {
        control.value = now[key] || '';
      }
    }
    const n = [...names].filter(passes).length;
    status.textContent = `${n} of ${names.size} models`;
    clear.hidden = !active();
    document.body.classList.toggle('filtered', active());
    setApart();
    document.querySelectorAll('[data-model]').forEach((node) => {
      // A row of two models, 'A → B', is of each of them.
      node.hidden = !node.dataset.model.split(' → ').some(passes);
    });
    listeners.forEach((f) => f());
  };
  if (names.size > 1) { build(); box.hidden = false; }
  address.listen(follow);
  return {passes, active, listen: (f) => listeners.push(f), known,
    start: () => { follow(address.read()); show(); }};
})();
