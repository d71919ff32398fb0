export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  /** File name without extension. */
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** A logarithmic x axis. */
  readonly logX?: boolean;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 24;
const TOP = 48;
const BOTTOM = 84;
const COLOURS = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df'];

/** A line plot, readable on light and dark pages. */
export function renderPlot(plot: Plot): string {
  const all = plot.series.flatMap(({ points }) => points);
  const x = scale(
    all.map(([value]) => value),
    plot.logX ?? false,
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scale([0, ...all.map(([, value]) => value)], false, HEIGHT - BOTTOM, TOP);
  const grid = [
    ...y.ticks.map((tick) => {
      const at = y.at(tick).toFixed(1);
      return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" class="grid"/><text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${label(tick)}</text>`;
    }),
    ...x.ticks.map((tick) => {
      const at = x.at(tick).toFixed(1);
      return `<text x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label(tick)}</text>`;
    }),
  ];
  const lines = plot.series.map(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = points.map(([px, py]) => `${x.at(px).toFixed(1)} ${y.at(py).toFixed(1)}`);
    const dots = points.map(
      ([px, py]) =>
        `<circle cx="${x.at(px).toFixed(1)}" cy="${y.at(py).toFixed(1)}" r="3" fill="${colour}"/>`,
    );
    const keyX = LEFT + index * 200;
    return (
      `<path d="M${path.join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}` +
      `<circle cx="${keyX}" cy="${HEIGHT - 14}" r="5" fill="${colour}"/><text x="${keyX + 10}" y="${HEIGHT - 10}">${escapeXml(name)}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<style>rect{fill:#fff}text{fill:#1f2328}.grid{stroke:#d0d7de}@media(prefers-color-scheme:dark){rect{fill:#0d1117}text{fill:#e6edf3}.grid{stroke:#30363d}}</style>
<rect width="${WIDTH}" height="${HEIGHT}"/>
<text x="${LEFT}" y="26" font-size="15" font-weight="bold">${escapeXml(plot.title)}</text>
${grid.join('\n')}
${lines.join('\n')}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - BOTTOM + 40}" text-anchor="middle">${escapeXml(plot.xLabel)}</text>
<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(plot.yLabel)}</text>
</svg>
`;
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

function scale(values: readonly number[], log: boolean, from: number, to: number): Scale {
  const project = (value: number) => (log ? Math.log10(value) : value);
  const ticks = log ? decades(values) : steps(values);
  const low = project(Math.min(...ticks, ...values));
  const span = project(Math.max(...ticks, ...values)) - low || 1;
  return { ticks, at: (value) => from + ((project(value) - low) / span) * (to - from) };
}

/** About five round numbers that cover the values. */
function steps(values: readonly number[]): number[] {
  const max = Math.max(...values, Number.MIN_VALUE);
  const rough = max / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? power;
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, index) => index * step);
}

function decades(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

function label(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
