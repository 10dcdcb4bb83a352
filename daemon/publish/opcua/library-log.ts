/** node-opcua writes to the console by itself; here its words go to the daemon's log, where an operator looks. */
import { setDebugLogger, setErrorLogger, setWarningLogger } from 'node-opcua';
import type { Log } from '../lane.ts';

/** Longer texts are stack traces and tables; the beginning says what it is. */
const textMax = 500;

/** For the whole process: the library knows only one logger. */
export function routeLibraryLog(log: Log): void {
  const to = (write: (text: string) => void) => {
    return (...words: unknown[]) => write(words.map(String).join(' ').replace(colours, '').slice(0, textMax));
  };
  setErrorLogger(to((text) => log.warn({ component: 'node-opcua' }, text)));
  setWarningLogger(to((text) => log.info({ component: 'node-opcua' }, text)));
  setDebugLogger(to((text) => log.debug({ component: 'node-opcua' }, text)));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with ESC
const colours = /\u001b\[[\d;]*m/g;
