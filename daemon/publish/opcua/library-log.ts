/** node-opcua writes to the console by itself; here its words go to the daemon's log, where an operator looks. */
// First: the library must find it while it loads.
import './own-name.ts';
import { format } from 'node:util';
import { setDebugLogger, setErrorLogger, setWarningLogger } from 'node-opcua';
import type { Log } from '../lane.ts';

/** Longer texts are stack traces and tables; the beginning says what it is. */
const textMax = 500;

/**
 * W26: the certificate does not carry every name this host has. It carries those the config says; which of these are
 * missing is said by `security/`.
 */
const meant = '[NODE-OPCUA-W26] Certificate SAN';

/** For the whole process: the library knows only one logger. */
export function routeLibraryLog(log: Log): void {
  setErrorLogger(written((values, text) => log.warn(values, text)));
  setWarningLogger(
    written((values, text) => (text.startsWith(meant) ? log.debug(values, text) : log.info(values, text))),
  );
  setDebugLogger(written((values, text) => log.debug(values, text)));
}

/** The library gives the place in its code first, then what it would print. */
function written(write: (values: object, text: string) => void) {
  return (where?: unknown, ...words: unknown[]): void => {
    const place = where as { filename: string; callerline: number };
    const text = format(...words)
      .replace(colours, '')
      .slice(0, textMax);
    write({ component: 'node-opcua', place: `${place.filename}:${place.callerline}` }, text);
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with ESC
const colours = /\u001b\[[\d;]*m/g;
