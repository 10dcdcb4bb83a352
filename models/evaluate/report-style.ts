/** The style of the report: system fonts, one column, colours as variables with a light and a dark set, print too. */
export const style = `
:root { color-scheme: light dark; --paper: #fcfcfb; --ink: #1d2226; --soft: #5d666e; --rule: #dfe2e4; --shade: #f2f3f3;
  --good: #5b7f9c; --bad: #c9682c; --network: #2f74b5; --geometry: #2c8a6a; --threshold: #1d2226; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191c; --ink: #e4e7ea; --soft: #9aa4ad; --rule: #2d3338;
  --shade: #1e2226; --good: #7fa6c4; --bad: #e58a4f; --network: #6ea9e0; --geometry: #5fc09b; --threshold: #e4e7ea; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; font-weight: 600; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; font-weight: 600; margin: 2.75rem 0 .75rem; padding-top: .75rem;
  border-top: 1px solid var(--rule); }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.soft, figcaption, th { color: var(--soft); font-weight: 400; }
dl.key { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.75rem 0 0; }
dl.key dt { color: var(--soft); font-size: .85rem; }
dl.key dd { margin: 0; font-size: 1.65rem; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums; }
dl.key small { display: block; color: var(--soft); font-size: .8rem; font-weight: 400; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .3rem 1.25rem .3rem 0; text-align: right; border-bottom: 1px solid var(--rule);
  vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
td small { display: block; color: var(--soft); }
.note { margin-top: .75rem; }
table.kinds th, table.kinds td { padding-right: .75rem; }
table.kinds .first { padding-left: 1.5rem; }
.small { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1.1rem 1.5rem;
  margin: .75rem 0 1.75rem; }
rect.found { fill: var(--bad); opacity: .45; } circle.dot { fill: var(--ink); }
i.swatch.found { width: .8em; margin-bottom: -.05em; border-top: .8em solid var(--bad); opacity: .45; }
p > i.swatch:first-child { margin-left: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1.5rem 2rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .85rem; }
figcaption b { color: var(--ink); font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 11.5px; }
.axis { stroke: var(--soft); } .grid { stroke: var(--rule); } .mark { stroke: var(--soft); stroke-dasharray: 2 3; }
.threshold { stroke: var(--threshold); stroke-width: 1.5; stroke-dasharray: 5 3; }
rect.good { fill: var(--good); } rect.bad { fill: var(--bad); }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.curve.both { stroke: var(--ink); } .curve.network { stroke: var(--network); stroke-dasharray: 7 3; }
.curve.geometry { stroke: var(--geometry); stroke-dasharray: 2 3; }
i.swatch { display: inline-block; width: 1.5em; margin: 0 .35em .22em .9em; border-top: 2px solid; }
i.swatch.both { border-color: var(--ink); } i.swatch.network { border-color: var(--network); border-top-style: dashed; }
i.swatch.geometry { border-color: var(--geometry); border-top-style: dotted; }
i.swatch.good, i.swatch.bad { width: .8em; margin-bottom: -.05em; border-top-width: .8em; }
i.swatch.good { border-color: var(--good); } i.swatch.bad { border-color: var(--bad); }
.part { margin: 0 0 1.75rem; break-inside: avoid; }
.part > p { margin: 0 0 .4rem; }
.part .row { display: grid; grid-template-columns: repeat(4, 1fr); gap: .6rem; }
.part img { display: block; width: 100%; background: var(--shade); image-rendering: pixelated; }
@media (max-width: 40rem) { .part .row { grid-template-columns: repeat(2, 1fr); }
  .charts { grid-template-columns: 1fr; } }
`;
