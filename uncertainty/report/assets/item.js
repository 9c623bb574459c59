// One item: what was asked, what people and the model made of it.
const UNIT = 1e-4;
const percent = (share) => share >= 0.9995 || share === 0 ?
    `${Math.round(share * 100)} %` : share < 0.0005 ? '< 0.1 %' :
    `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

// Special tokens of the families at hand, as their templates write them.
const SPECIAL = new RegExp([
  '<\\|[^|<>\\n]{1,40}\\|>', '</?s>', '<(?:bos|eos|pad|unk)>',
  '</?(?:start|end)_of_(?:turn|text|image)>', '\\[/?INST\\]',
  '<</?SYS>>'].join('|'), 'g');

const withSpecials = (text) => {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(SPECIAL)) {
    parts.push(text.slice(from, match.index),
        make('mark', {className: 'special', title: 'special token'},
            match[0]));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts.filter((p) => p !== '');
};

// Choices whose texts may not be shown, or are not known, go by letters.
const choicesOf = ({asked, answers}) => {
  const shares = asked.s || (answers.find((a) => a.s) || {}).s || [];
  return asked.c && asked.c.length ? asked.c :
      shares.map((_, i) => String.fromCharCode(65 + i));
};

const bar = (share, who, text) => make('div', {className: `bar ${who}`},
    make('i', {style: `width:${share ? Math.max(0.4, 100 * share) : 0}%`}),
    make('span', {}, text));

const drawShares = (item) => {
  const {asked, answers, chosen} = item;
  const mine = answers[chosen];
  const choices = choicesOf(item);
  if (!choices.length || !(asked.s || mine.s)) return null;
  const rows = choices.map((choice, i) => {
    const people = asked.s ? asked.s[i] * UNIT : null;
    const model = mine.s ? mine.s[i] * UNIT : null;
    const count = asked.n && people !== null ?
        ` · ${Math.round(people * asked.n)} of ${asked.n}` : '';
    const marks = [
      asked.a === i ? make('b', {className: 'right'}, '✓ right answer') : null,
      mine.p === i ? make('b', {className: 'picked'}, 'model\'s choice') :
          null];
    return make('div', {className: 'choice'},
        make('div', {className: 'label'}, choice, ...marks.filter(Boolean)),
        people === null ? null :
            bar(people, 'people', percent(people) + count),
        model === null ? null : bar(model, 'model', percent(model)));
  });
  return make('section', {className: 'shares'},
      make('h4', {}, 'People and model, choice by choice'),
      make('p', {className: 'key'},
          asked.s ? make('span', {className: 'people'}, 'people') : null,
          mine.s ? make('span', {className: 'model'},
              item.data.models[chosen].name) : null,
          make('span', {className: 'note'}, 'bars share one scale, 0 to 100 %')),
      mine.s ? make('p', {className: 'note'},
          `The model's bars: ${item.data.models[chosen].bars}.`) : null,
      rows);
};

const ordinal = (n) => `${n}${n % 100 > 10 && n % 100 < 14 ? 'th' :
    ['th', 'st', 'nd', 'rd'][n % 10] || 'th'}`;

const drawDoubt = ({asked, answers, chosen}) => {
  const mine = answers[chosen];
  const marks = [];
  const words = [];
  const add = (place, who, name) => {
    if (place === undefined) return;
    marks.push(make('i', {className: who, style: `left:${place}%`}));
    words.push(make('span', {className: who},
        `${name}: ${ordinal(place)} percentile`));
  };
  add(asked.d, 'people', 'people');
  add(mine.d, 'model', 'model');
  if (!marks.length) return null;
  return make('section', {},
      make('h4', {}, 'Doubt, among all items of this data set'),
      make('div', {className: 'track'}, marks),
      make('div', {className: 'ends note'}, make('span', {}, 'surest item'),
          make('span', {}, 'least sure')),
      make('p', {className: 'key'}, words));
};

const visible = (token) => token === '' ? '∅' : token.replaceAll('\n', '↵')
    .replace(/^ +| +$/g, (s) => '␣'.repeat(s.length)).replaceAll('\t', '⇥');
const named = (token) => typeof token === 'number' ?
    `token ${token}` : visible(token);

const drawAlternatives = (flat, own) => make('table',
    {className: 'alternatives'}, make('caption', {},
        own === undefined ? 'Most probable next tokens' :
            make('span', {}, 'Most probable here; written: ',
                make('code', {}, visible(own)))),
    make('tbody', {}, Array.from({length: flat.length / 2}, (_, i) => {
      const token = named(flat[2 * i]);
      const share = flat[2 * i + 1] * UNIT;
      return make('tr', {className: flat[2 * i] === own ? 'own' : ''},
          make('th', {scope: 'row'}, make('code', {}, token)),
          make('td', {}, bar(share, 'model', percent(share))));
    })));

const NATS = 4;  // the colour's upper end: exp(4) = 55 equally likely tokens
const drawTokens = ({told}) => {
  const written = told.tokens;
  if (!written || !written.t.length) return null;
  const panel = make('div', {className: 'panel', role: 'status'});
  const show = (i) => {
    strip.querySelectorAll('button').forEach((b, j) => {
      b.tabIndex = i === j ? 0 : -1;
      b.setAttribute('aria-pressed', String(i === j));
    });
    const entropy = written.h ? written.h[i] / 100 : null;
    panel.replaceChildren(
        entropy === null ? '' : make('p', {},
            `Entropy ${entropy.toFixed(2)} nats, as of ` +
            `${Math.exp(entropy).toFixed(1)} equally likely tokens.`),
        written.alt && written.alt[i] ?
            drawAlternatives(written.alt[i], written.t[i]) : '');
  };
  const strip = make('div', {className: 'strip', role: 'toolbar',
    ariaLabel: 'Tokens of the answer; arrow keys move'},
  written.t.map((token, i) => {
    const entropy = written.h ? written.h[i] / 100 : null;
    const node = make('button', {type: 'button',
      ariaPressed: String(i === 0),
      ariaLabel: `token ${i + 1}: ${token || 'end'}` +
          (entropy === null ? '' : `, entropy ${entropy.toFixed(2)}`),
      style: entropy === null ? '' :
          `--heat:${Math.round(100 * Math.min(1, entropy / NATS))}%`,
      onfocus: () => show(i), onmouseenter: () => show(i),
      onclick: () => show(i)}, visible(token));
    node.tabIndex = i === 0 ? 0 : -1;
    return node;
  }));
  strip.onkeydown = (event) => {
    const all = [...strip.children];
    const at = all.indexOf(document.activeElement);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0,
      End: all.length - 1}[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    all[to].focus();
  };
  show(0);
  return make('div', {className: 'tokens'}, strip,
      written.h ? make('p', {className: 'heat-key note'},
          'entropy', make('span', {}, '0'), make('i', {}),
          make('span', {}, `${NATS} nats and more`),
          '(over the stored top tokens, all others as one)') : null, panel);
};

const drawAnswer = (item) => {
  const mine = item.answers[item.chosen];
  const strip = drawTokens(item);
  if (mine.w === undefined && !strip) return null;
  const verdict = mine.k === undefined ? null :
      make('b', {className: mine.k ? 'right' : 'wrong'},
          mine.k ? '✓ right' : '✗ wrong');
  // What was given is no answer of the model's, and needs no brace.
  const given = (item.told.prompts || []).some(([task]) => task === 'response');
  return make('section', {}, make('h4', {},
      given ? 'Given answer' : 'Generated answer'),
      make('p', {className: 'said'},
          mine.w === undefined ? make('i', {}, 'none') : mine.w, ' ', verdict),
      item.told.why && !given ?
        make('p', {className: 'note'}, item.told.why) : null,
      item.told.cap ? make('p', {className: 'note'},
          'Ended by the limit on tokens.') : null, strip);
};

const drawSamples = ({told}) => {
  const samples = told.samples;
  if (!samples || !samples.a.length) return null;
  const groups = new Map();
  samples.a.forEach((text, i) => {
    const key = samples.m ? samples.m[i] : text;
    if (!groups.has(key)) groups.set(key, new Map());
    const texts = groups.get(key);
    texts.set(text, (texts.get(text) || 0) + 1);
  });
  const size = (texts) => [...texts.values()].reduce((a, b) => a + b, 0);
  const n = samples.a.length;
  return make('section', {}, make('h4', {},
      `${n} sampled answers, ${groups.size} ` +
      `${samples.m ? 'meaning' : 'wording'}${groups.size === 1 ? '' : 's'}`),
  make('ol', {className: 'meanings'}, [...groups.values()].sort(
      (a, b) => size(b) - size(a)).map((texts) => make('li', {},
      bar(size(texts) / n, 'model', `${size(texts)} of ${n}`),
      make('p', {}, [...texts].map(([text, times], i) => make('span', {},
          i ? ' · ' : '', text || '∅', times > 1 ? ` ×${times}` : '')))))));
};

const drawStated = ({told}) => {
  const lines = (told.stated || []).map(([wording, value, reply]) =>
    make('tr', {}, make('th', {scope: 'row'}, wording || 'stated'),
        make('td', {}, value === null ? 'could not be read' :
            bar(value, 'model', percent(value))),
        make('td', {className: 'reply'}, reply)));
  if (told.true) {
    lines.push(make('tr', {}, make('th', {scope: 'row'}, 'p(True)'),
        make('td', {}, bar(told.true[0], 'model', percent(told.true[0]))),
        make('td', {className: 'reply'}, `of: ${told.true[1]}`)));
  }
  return lines.length ? make('section', {}, make('h4', {},
      'Stated confidence'), make('table', {className: 'stated'},
      make('tbody', {}, lines))) : null;
};

const drawPrompts = ({told, begin}) => (told.prompts || []).length ?
  make('section', {}, make('h4', {}, 'Prompt as sent'),
      make('p', {className: 'note'}, 'Special tokens are marked; what all ' +
          'items share is grey.'),
      told.prompts.map(([task, own]) => {
        const all = (begin[task] || '') + own;
        // Two items may begin alike: grey ends where a line does.
        const cut = all.lastIndexOf('\n', (begin[task] || '').length - 1) + 1;
        return make('details', {open: told.prompts[0][0] === task},
            make('summary', {}, task || 'prompt'),
            make('pre', {className: 'prompt', tabIndex: 0,
              ariaLabel: `prompt, ${task}`, role: 'region'},
            make('span', {className: 'shared'},
                withSpecials(all.slice(0, cut))),
            withSpecials(all.slice(cut))));
      })) : null;

const drawModels = (item) => {
  const {data, answers, asked, chosen} = item;
  const rows = data.models.map((m, i) => ({m, a: answers[i], i}))
      .filter(({m, i}) => i === chosen || modelFilter.passes(m.name))
      .sort((x, y) => x.m.family.localeCompare(y.m.family) ||
          (x.m.size ?? 0) - (y.m.size ?? 0) ||
          x.m.kind.localeCompare(y.m.kind));
  if (rows.length < 2) return null;
  const choices = choicesOf(item);
  const strip = (shares) => shares ? make('span', {className: 'stack',
    role: 'img', ariaLabel: shares.map((s, j) =>
      `${choices[j]}: ${percent(s * UNIT)}`).join(', ')},
  shares.map((s, j) => make('i', {
    className: `c${j % 8}`, style: `width:${s * UNIT * 100}%`}))) : '–';
  const line = (name, shares, said, verdict, doubt, current) => make('tr',
      {'aria-current': current ? 'true' : undefined},
      make('th', {scope: 'row'}, name), make('td', {}, strip(shares)),
      make('td', {}, said, ' ', verdict), make('td', {className: 'number'},
          doubt === undefined ? '–' : String(doubt)));
  const commonest = asked.s ? choices[asked.s.indexOf(Math.max(...asked.s))] :
      '';
  return make('section', {}, make('h4', {},
      `All ${rows.length} models on this item`),
  choices.length && rows.some(({a}) => a.s) ? make('p', {className: 'key'},
      choices.map((c, j) => make('span', {className: `c${j % 8}`}, c))) :
      null,
  make('div', {className: 'scroll'}, make('table',
      {className: 'plain models'},
      make('thead', {}, make('tr', {}, ['who', 'shares', 'answer',
        'doubt, percentile'].map((t) => make('th', {scope: 'col'}, t)))),
      make('tbody', {}, asked.s ?
        line('people', asked.s, commonest, '', asked.d, false) : null,
      rows.map(({m, a, i}) => {
        const said = a.p !== undefined && choices[a.p] !== undefined ?
            choices[a.p] : a.w || '–';
        const right = a.r ?? a.k;
        return line(make('a', {href: address.href({model: m.name})}, m.name),
            a.s, said, right === undefined ? null : make('b',
                {className: right ? 'right' : 'wrong'}, right ? '✓' : '✗'),
            a.d, i === chosen);
      })))));
};

// Its neighbours in the list, where there is one, and what it is called.
const drawWhere = ({asked, data, id, beside}) => {
  const step = (place, text) => beside && beside[place] ? make('a', {
    href: address.href({item: beside[place]})}, text) :
    make('span', {className: 'note'}, text);
  return make('p', {className: 'where note'}, step(0, '← previous'), ' ',
      step(1, 'next →'), make('span', {},
          `${data.title} · ${id}${asked.g ? ` · ${asked.g}` : ''}`));
};

const drawItem = (item) => {
  const {asked, id} = item;
  const answer = asked.t ||
      (asked.a === undefined ? '' : choicesOf(item)[asked.a]);
  const graded = item.answers.some((a) => a.r !== undefined ||
      a.k !== undefined);
  return [
    drawWhere(item),
    make('h3', {tabIndex: -1}, asked.q || id),
    make('p', {}, answer ? ['Right answer: ', make('b', {}, answer)] :
        graded ? 'The right answer is not at hand.' :
            'No answer is right: it is a matter of opinion.'),
    drawShares(item), drawDoubt(item), drawAnswer(item), drawSamples(item),
    drawStated(item),
    item.told.next ? make('section', {}, make('h4', {},
        'Next token after the prompt'), drawAlternatives(item.told.next)) :
        null,
    drawModels(item), drawPrompts(item),
    asked.o ? make('section', {}, make('h4', {}, 'People, further'),
        make('dl', {className: 'facts'}, asked.o.map(([name, value]) => [
          make('dt', {}, name), make('dd', {}, String(value))]).flat())) :
        null,
  ].filter(Boolean);
};
