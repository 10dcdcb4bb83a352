/**
 * Nothing that leaves through the status socket may hold a secret. Keys name files of secrets, never secrets; but
 * people write passwords into addresses and pipelines all the same.
 */

/** `scheme://user:password@host`, and `user-pw=...` or `password=...` of a GStreamer pipeline. */
const patterns: readonly [RegExp, string][] = [
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, '$1***@'],
  [/\b([a-z-]*(?:pw|pass|password|passphrase|passwd|secret|token|key)\s*=\s*)("[^"]*"|'[^']*'|[^\s!&;,]+)/gi, '$1***'],
];

export function withoutSecrets(text: string): string {
  return patterns.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), text);
}

/** The same in every text of a value, however deep. */
export function redacted<T>(value: T): T {
  if (typeof value === 'string') return withoutSecrets(value) as T;
  if (Array.isArray(value)) return value.map(redacted) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redacted(each)])) as T;
}
