/**
 * GStreamer's C functions as appsink needs them, and the places inside its structs that have no function. Refuses
 * to go on without the two libraries, by name.
 */
import { fail, messageOf } from '../../errors.ts';
import { loadLibrary, type Native, opaque, type Pointer, struct, valueAt } from '../native/koffi.ts';

const coreFunctions = {
  init: 'void gst_init(void *argc, void *argv)',
  version: 'void gst_version(_Out_ uint *major, _Out_ uint *minor, _Out_ uint *micro, _Out_ uint *nano)',
  parseLaunch: 'void *gst_parse_launch(const char *description, _Out_ GError **error)',
  byName: 'void *gst_bin_get_by_name(void *bin, const char *name)',
  setState: 'int gst_element_set_state(void *element, int state)',
  getState: 'int gst_element_get_state(void *element, _Out_ int *state, _Out_ int *pending, uint64_t timeoutNs)',
  baseTime: 'uint64_t gst_element_get_base_time(void *element)',
  pipelineUseClock: 'void gst_pipeline_use_clock(void *pipeline, void *clock)',
  systemClock: 'void *gst_system_clock_obtain()',
  getBus: 'void *gst_element_get_bus(void *element)',
  popMessage: 'void *gst_bus_timed_pop_filtered(void *bus, uint64_t timeoutNs, int types)',
  parseError: 'void gst_message_parse_error(void *message, _Out_ GError **error, _Out_ void **debug)',
  sampleBuffer: 'void *gst_sample_get_buffer(void *sample)',
  sampleCaps: 'void *gst_sample_get_caps(void *sample)',
  capsStructure: 'void *gst_caps_get_structure(void *caps, uint at)',
  structureInt: 'bool gst_structure_get_int(void *structure, const char *field, _Out_ int *value)',
  structureString: 'const char *gst_structure_get_string(void *structure, const char *field)',
  bufferMap: 'bool gst_buffer_map(void *buffer, _Out_ GstMapInfo *info, int flags)',
  bufferUnmap: 'void gst_buffer_unmap(void *buffer, GstMapInfo *info)',
  unrefMini: 'void gst_mini_object_unref(void *object)',
  unref: 'void gst_object_unref(void *object)',
} as const;

const appFunctions = {
  pull: 'void *gst_app_sink_try_pull_sample(void *sink, uint64_t timeoutNs)',
} as const;

type Declared<T> = { readonly [K in keyof T]: Native };
export type Gst = Declared<typeof coreFunctions> & Declared<typeof appFunctions> & { readonly version: Native };

/** Offsets in a GstBuffer on a machine of 64 bits: presentation time, and the source's own frame number. */
const ptsOffset = 72;
const numberOffset = 96;
/** And in a GstMessage, its type. */
const messageTypeOffset = 64;
/** `GST_CLOCK_TIME_NONE` and `GST_BUFFER_OFFSET_NONE`. */
const none = 0xffff_ffff_ffff_ffffn;

export const states = { null: 1, playing: 4 } as const;
export const messages = { end: 1, error: 2 } as const;

/** Throws `camera/library`. */
export function loadGstreamer(): Gst {
  try {
    struct('GError', { domain: 'uint32_t', code: 'int', message: 'const char *' });
    struct('GstMapInfo', {
      ...{ memory: 'void *', flags: 'int', data: 'void *', size: 'size_t', maxsize: 'size_t' },
      ...{ user1: 'void *', user2: 'void *', user3: 'void *', user4: 'void *' },
      ...{ reserved1: 'void *', reserved2: 'void *', reserved3: 'void *', reserved4: 'void *' },
    });
    opaque('GstElement');
    const core = loadLibrary(['libgstreamer-1.0.so.0']);
    const app = loadLibrary(['libgstapp-1.0.so.0']);
    const declare = ([name, prototype]: [string, string]): [string, Native] => [
      name,
      (name === 'pull' ? app : core).declare(prototype),
    ];
    return Object.fromEntries([...Object.entries(coreFunctions), ...Object.entries(appFunctions)].map(declare)) as Gst;
  } catch (error) {
    throw fail('camera/library', { library: 'libgstreamer-1.0 or libgstapp-1.0', cause: messageOf(error) }, error);
  }
}

/** One of `messages`, or another. */
export function messageTypeOf(message: Pointer): number {
  return valueAt(message, 'uint32_t', messageTypeOffset) as number;
}

/** When the buffer was captured, in ns after the pipeline's base time; null where the source does not say. */
export function ptsOf(buffer: Pointer): bigint | null {
  return known(buffer, ptsOffset);
}

/** The source's own number of the frame; null where it does not count. */
export function numberOf(buffer: Pointer): bigint | null {
  return known(buffer, numberOffset);
}

function known(buffer: Pointer, offset: number): bigint | null {
  const value = BigInt(valueAt(buffer, 'uint64_t', offset) as number | bigint);
  return value === none ? null : value;
}
