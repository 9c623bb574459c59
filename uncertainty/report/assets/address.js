// What the page shows is in its address, so that a link shows the same:
// `#SECTION&item=DATA/ID&model=NAME&family=…`. All of it stands in the
// fragment: a page opened from disk may change nothing else.
const address = (() => {
  const read = () => {
    const state = {};
    for (const part of location.hash.slice(1).split('&')) {
      const at = part.indexOf('=');
      const text = (raw) => {
        try { return decodeURIComponent(raw); } catch { return raw; }
      };
      if (at < 0) { if (part) state.section = text(part); }
      else state[part.slice(0, at)] = text(part.slice(at + 1));
    }
    return state;
  };
  const written = (state) => {
    const encode = (v) => encodeURIComponent(v).replaceAll('%2F', '/');
    const {section, ...rest} = state;
    const parts = section ? [encode(section)] : [];
    for (const [key, value] of Object.entries(rest)) {
      if (value) parts.push(`${key}=${encode(value)}`);
    }
    return '#' + parts.join('&');
  };
  const listeners = [];
  const tell = () => listeners.forEach((f) => f(read()));
  // A change that one goes back from is a step of the history.
  const change = (changes, step = false) => {
    const target = written({...read(), ...changes});
    if (target === location.hash) return;
    history[step ? 'pushState' : 'replaceState'](null, '', target);
    tell();
  };
  addEventListener('hashchange', tell);
  addEventListener('popstate', tell);
  return {read, change, href: (changes) => written({...read(), ...changes}),
          listen: (f) => listeners.push(f)};
})();

// Sections are links of their own; what is filtered stays filtered.
document.addEventListener('click', (event) => {
  const link = event.target.closest('nav a[href^="#"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const section = link.getAttribute('href').slice(1);
  address.change({section}, true);
  const target = document.getElementById(section);
  target.scrollIntoView();
  target.querySelector('h2').focus({preventScroll: true});
});

// An element: make('a', {href: '#'}, 'text', other).
const make = (tag, props, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key in node && key !== 'list') node[key] = value;
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return node;
};
