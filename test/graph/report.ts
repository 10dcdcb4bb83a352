/** What the numeric tests print: the largest difference each operator or rule showed, largest first. */
export function printDifferences(title: string, tolerance: number, largest: ReadonlyMap<string, number>): void {
  const rows = [...largest].sort(([, a], [, b]) => b - a);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, difference]) => `  ${name.padEnd(width)}  ${difference.toExponential(1)}`);
  process.stdout.write(`${title} (tolerance ${tolerance.toExponential(0)}):\n${lines.join('\n')}\n`);
}
