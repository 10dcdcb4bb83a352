/** What was perhaps meant by a name that nobody knows: a config key, an option, a field of `dataset.json`. */

/** The known name nearest to an unknown one, or null where none is near: a far-fetched hint is worse than none. */
export function nearestName(unknown: string, known: Iterable<string>): string | null {
  const wanted = unknown.toLowerCase();
  const leaf = lastName(wanted);
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const candidate = name.toLowerCase();
    // The right key in the wrong section is as near as a slip of one letter.
    const misplaced = lastName(candidate) === leaf ? 1 : Number.POSITIVE_INFINITY;
    const distance = Math.min(misplaced, editDistance(wanted, candidate));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return bestDistance <= Math.max(2, Math.floor(leaf.length / 3)) ? best : null;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Letters to insert, delete, replace or swap with their neighbour (Damerau-Levenshtein, restricted). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, substitution);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
