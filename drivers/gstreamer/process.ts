/** The process of one GStreamer pipeline: a plugin may hang or crash here without taking the daemon along. */
import process from 'node:process';
import { serve } from '../native/serve.ts';
import { GstreamerSession } from './session.ts';

serve(
  process,
  (ask, say) => new GstreamerSession(ask, say),
  // An exit in order would wait for the thread that waits for the daemon.
  () => process.kill(process.pid, 'SIGKILL'),
);
