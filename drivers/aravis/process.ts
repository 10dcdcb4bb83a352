/** The process of one GenICam camera: libaravis may block or crash here without taking the daemon along. */
import process from 'node:process';
import { serve } from '../native/serve.ts';
import { AravisSession } from './session.ts';

serve(
  process,
  (ask, say) => new AravisSession(ask, say),
  // An exit in order would wait for the thread that waits for the daemon.
  () => process.kill(process.pid, 'SIGKILL'),
);
