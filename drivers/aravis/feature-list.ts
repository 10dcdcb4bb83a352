/**
 * The list of features of a configuration or a preset: `Name=value`, one on a line or parted by semicolons; `#` begins
 * a comment. The order is kept: selectors stand before what they select. Refuses a line that is none of these by its
 * number.
 */
import { fail } from '../../errors.ts';

export interface FeatureSetting {
  readonly name: string;
  readonly value: string;
}

/** Throws `camera/setting`. */
export function parseFeatures(id: string, text: string): FeatureSetting[] {
  return text.split('\n').flatMap((line, index) =>
    line
      .replace(/#.*$/, '')
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => {
        const match = /^([A-Za-z_]\w*)\s*(?:=\s*(.*))?$/.exec(part);
        if (match) return { name: match[1]!, value: (match[2] ?? '').trim() };
        const expected = 'Name=value, or the name of a command';
        throw fail('camera/setting', { id, setting: `features (line ${index + 1})`, value: part, expected });
      }),
  );
}
