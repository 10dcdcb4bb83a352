/** A second camera that delivers depth; the first one delivers colour alone then. */
import { choiceKey } from '../key.ts';
import { genicam } from './genicam.ts';

export const depthCamera = {
  driver: choiceKey({
    doc: 'Where depth comes from when not from `camera`: none, or a GenICam camera of its own.',
    values: ['none', 'aravis'],
    default: 'none',
    takes: 'restart',
  }),
  aravis: genicam,
};
