// Everything that the page draws, in its order.
document.querySelectorAll('[data-answer]').forEach(drawAnswerPlot);
document.querySelectorAll('.question script').forEach(startQuestion);
modelFilter.start();
document.querySelectorAll('[data-items]').forEach(startItems);
document.querySelectorAll('[data-explore]').forEach(startExplore);

// Figures are drawn when they come near, and all of them for paper; those in
// closed details wait until they are opened.
const drawFigure = (box) => {
  if (box.dataset.begun || box.closest('details:not([open])')) return;
  box.dataset.begun = 'yes';
  if (box.matches('[data-plot]')) drawPlot(box);
  else drawHeatmap(box);
};
const figureBoxes = document.querySelectorAll('[data-plot], [data-heatmap]');
const drawFigures = () => figureBoxes.forEach(drawFigure);
// One at a time, when nothing else is to be done: an item that one opens, or a
// key that one presses, comes first.
const whenIdle = window.requestIdleCallback || ((act) => setTimeout(act, 1));
const due = [];
const drawDue = () => {
  drawFigure(due.shift());
  if (due.length) whenIdle(drawDue, {timeout: 1000});
};
const near = new IntersectionObserver((seen) => seen.forEach((s) => {
  if (!s.isIntersecting) return;
  near.unobserve(s.target);
  if (due.push(s.target) === 1) whenIdle(drawDue, {timeout: 1000});
}), {rootMargin: '1500px'});
figureBoxes.forEach((box) => near.observe(box));
addEventListener('beforeprint', drawFigures);
matchMedia('print').addEventListener('change', drawFigures);
for (const details of document.querySelectorAll('details')) {
  details.addEventListener('toggle', () => details.querySelectorAll(
      '[data-plot], [data-heatmap]').forEach(drawFigure));
}

// What scrolls sideways can be reached, and scrolled, by keys.
const reachable = () => {
  document.querySelectorAll('.scroll').forEach((box, i) => {
    if (box.scrollWidth <= box.clientWidth) return;
    let before = box;
    while (before && !before.matches('h2, h3, h4')) {
      before = before.previousElementSibling || before.parentElement;
    }
    box.tabIndex = 0;
    box.setAttribute('role', 'region');
    box.setAttribute('aria-label',
        `table ${i + 1}, of: ${before ? before.textContent : 'the page'}`);
  });
};
new ResizeObserver(reachable).observe(document.getElementById('main'));
