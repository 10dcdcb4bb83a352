/**
 * Transport, lowest layer: libaravis and the three GLib libraries under it, function by function as their headers
 * declare them. Refuses a libaravis that lacks what multipart cameras need, by name, before any camera is looked for.
 */
import { fail, messageOf } from '../../errors.ts';
import { type Library, loadLibrary, type Native, opaque, type Pointer, struct, valueAt } from '../native/koffi.ts';

/** Where a system keeps it: the stable series first, then the one that follows it. */
const usualNames = ['libaravis-0.8.so.0', 'libaravis-0.10.so.0'];
/** Came last of what is needed, with 0.8.25; older ones cannot tell the parts of a frame apart. */
const newestSymbol = 'arv_buffer_get_part_component_id';
const oldestVersion = '0.8.25';

/** `@` stands for a device and the name of a feature, `!` for the error a GLib function gives back last. */
const functions = {
  majorVersion: 'uint arv_get_major_version()',
  minorVersion: 'uint arv_get_minor_version()',
  microVersion: 'uint arv_get_micro_version()',
  updateDeviceList: 'void arv_update_device_list()',
  deviceCount: 'uint arv_get_n_devices()',
  deviceId: 'const char *arv_get_device_id(uint at)',
  devicePhysicalId: 'const char *arv_get_device_physical_id(uint at)',
  deviceAddress: 'const char *arv_get_device_address(uint at)',
  deviceVendor: 'const char *arv_get_device_vendor(uint at)',
  deviceModel: 'const char *arv_get_device_model(uint at)',
  deviceSerial: 'const char *arv_get_device_serial_nbr(uint at)',
  deviceProtocol: 'const char *arv_get_device_protocol(uint at)',
  cameraNew: 'ArvCamera *arv_camera_new(const char *name, !)',
  cameraDevice: 'ArvDevice *arv_camera_get_device(ArvCamera *camera)',
  isGv: 'bool arv_camera_is_gv_device(ArvCamera *camera)',
  vendorName: 'const char *arv_camera_get_vendor_name(ArvCamera *camera, !)',
  modelName: 'const char *arv_camera_get_model_name(ArvCamera *camera, !)',
  serialNumber: 'const char *arv_camera_get_device_serial_number(ArvCamera *camera, !)',
  payload: 'uint arv_camera_get_payload(ArvCamera *camera, !)',
  startAcquisition: 'void arv_camera_start_acquisition(ArvCamera *camera, !)',
  stopAcquisition: 'void arv_camera_stop_acquisition(ArvCamera *camera, !)',
  createStream: 'ArvStream *arv_camera_create_stream(ArvCamera *camera, void *callback, void *data, !)',
  createChunkParser: 'ArvChunkParser *arv_camera_create_chunk_parser(ArvCamera *camera)',
  setChunks: 'void arv_camera_set_chunks(ArvCamera *camera, const char *list, !)',
  chunkInteger:
    'int64_t arv_chunk_parser_get_integer_value(ArvChunkParser *parser, ArvBuffer *buffer, const char *chunk, !)',
  setPacketSize: 'void arv_camera_gv_set_packet_size(ArvCamera *camera, int size, !)',
  autoPacketSize: 'uint arv_camera_gv_auto_packet_size(ArvCamera *camera, !)',
  packetSize: 'uint arv_camera_gv_get_packet_size(ArvCamera *camera, !)',
  setStreamOptions: 'void arv_camera_gv_set_stream_options(ArvCamera *camera, uint options)',
  isMultipartSupported: 'bool arv_camera_gv_is_multipart_supported(ArvCamera *camera, !)',
  setMultipart: 'void arv_camera_gv_set_multipart(ArvCamera *camera, bool enable, !)',
  isController: 'bool arv_gv_device_is_controller(ArvDevice *device)',
  leaveControl: 'bool arv_gv_device_leave_control(ArvDevice *device, !)',
  gvAddress: 'void *arv_gv_device_get_device_address(ArvDevice *device)',
  genicam: 'ArvGc *arv_device_get_genicam(ArvDevice *device)',
  feature: 'ArvGcNode *arv_device_get_feature(@)',
  isFeatureAvailable: 'bool arv_device_is_feature_available(@, !)',
  getInteger: 'int64_t arv_device_get_integer_feature_value(@, !)',
  setInteger: 'void arv_device_set_integer_feature_value(@, int64_t value, !)',
  integerBounds: 'void arv_device_get_integer_feature_bounds(@, _Out_ int64_t *min, _Out_ int64_t *max, !)',
  integerStep: 'int64_t arv_device_get_integer_feature_increment(@, !)',
  getFloat: 'double arv_device_get_float_feature_value(@, !)',
  setFloat: 'void arv_device_set_float_feature_value(@, double value, !)',
  floatBounds: 'void arv_device_get_float_feature_bounds(@, _Out_ double *min, _Out_ double *max, !)',
  getBoolean: 'bool arv_device_get_boolean_feature_value(@, !)',
  setBoolean: 'void arv_device_set_boolean_feature_value(@, bool value, !)',
  getString: 'const char *arv_device_get_string_feature_value(@, !)',
  setString: 'void arv_device_set_string_feature_value(@, const char *value, !)',
  execute: 'void arv_device_execute_command(@, !)',
  entries: 'void *arv_device_dup_available_enumeration_feature_values_as_strings(@, _Out_ uint *count, !)',
  node: 'ArvGcNode *arv_gc_get_node(ArvGc *genicam, const char *name)',
  categoryFeatures: 'void *arv_gc_category_get_features(ArvGcNode *category)',
  accessMode: 'int arv_gc_feature_node_get_actual_access_mode(ArvGcNode *node)',
  tooltip: 'const char *arv_gc_feature_node_get_tooltip(ArvGcNode *node)',
  floatUnit: 'const char *arv_gc_float_get_unit(ArvGcNode *node)',
  integerUnit: 'const char *arv_gc_integer_get_unit(ArvGcNode *node)',
  pushBuffer: 'void arv_stream_push_buffer(ArvStream *stream, ArvBuffer *buffer)',
  popBuffer: 'ArvBuffer *arv_stream_timeout_pop_buffer(ArvStream *stream, uint64_t us)',
  infoCount: 'uint arv_stream_get_n_infos(ArvStream *stream)',
  infoName: 'const char *arv_stream_get_info_name(ArvStream *stream, uint at)',
  infoValue: 'uint64_t arv_stream_get_info_uint64(ArvStream *stream, uint at)',
  bufferNew: 'ArvBuffer *arv_buffer_new_allocate(size_t bytes)',
  bufferStatus: 'int arv_buffer_get_status(ArvBuffer *buffer)',
  frameId: 'uint64_t arv_buffer_get_frame_id(ArvBuffer *buffer)',
  timestamp: 'uint64_t arv_buffer_get_timestamp(ArvBuffer *buffer)',
  hasChunks: 'bool arv_buffer_has_chunks(ArvBuffer *buffer)',
  partCount: 'uint arv_buffer_get_n_parts(ArvBuffer *buffer)',
  partData: 'void *arv_buffer_get_part_data(ArvBuffer *buffer, uint part, _Out_ size_t *bytes)',
  partComponent: 'uint arv_buffer_get_part_component_id(ArvBuffer *buffer, uint part)',
  partDataType: 'int arv_buffer_get_part_data_type(ArvBuffer *buffer, uint part)',
  partFormat: 'uint32_t arv_buffer_get_part_pixel_format(ArvBuffer *buffer, uint part)',
  partWidth: 'int arv_buffer_get_part_width(ArvBuffer *buffer, uint part)',
  partHeight: 'int arv_buffer_get_part_height(ArvBuffer *buffer, uint part)',
} as const satisfies Record<string, string>;

const gobjectFunctions = {
  unref: 'void g_object_unref(void *object)',
  setProperties: 'void g_object_set(void *object, const char *name, ...)',
  typeName: 'const char *g_type_name_from_instance(void *instance)',
} as const;

const glibFunctions = {
  errorFree: 'void g_error_free(void *error)',
  free: 'void g_free(void *memory)',
  listNth: 'const char *g_slist_nth_data(void *list, uint at)',
  listLength: 'uint g_slist_length(void *list)',
} as const;

const gioFunctions = {
  inetAddress: 'void *g_inet_socket_address_get_address(void *address)',
  inetText: 'void *g_inet_address_to_string(void *address)',
} as const;

type Declared<T> = { readonly [K in keyof T]: Native };

export interface Aravis extends Declared<typeof functions>, Declared<typeof gobjectFunctions> {
  readonly glib: Declared<typeof glibFunctions>;
  readonly gio: Declared<typeof gioFunctions>;
  /** `0.8.26`. */
  readonly version: string;
  readonly name: string;
}

/** What a GLib function gave back in its error argument. */
export class DeviceError extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.name = 'DeviceError';
    this.code = code;
  }
}

/** Loads the library of a path, or the system's where it is empty. Throws `camera/library`. */
export function loadAravis(path: string): Aravis {
  const names = path === '' ? usualNames : [path];
  try {
    const library = loadLibrary(names);
    if (!library.has(newestSymbol)) {
      throw fail('camera/library', {
        library: library.name,
        cause: `it lacks ${newestSymbol}, expected libaravis ${oldestVersion} or later`,
      });
    }
    opaque('ArvCamera', 'ArvDevice', 'ArvStream', 'ArvBuffer', 'ArvChunkParser', 'ArvGc', 'ArvGcNode');
    struct('GError', { domain: 'uint32_t', code: 'int', message: 'const char *' });
    const declared = declareAll(library, functions);
    const version = [declared.majorVersion(), declared.minorVersion(), declared.microVersion()].join('.');
    const gobject = declareAll(loadLibrary(['libgobject-2.0.so.0']), gobjectFunctions);
    const glib = declareAll(loadLibrary(['libglib-2.0.so.0']), glibFunctions);
    const gio = declareAll(loadLibrary(['libgio-2.0.so.0']), gioFunctions);
    return { ...declared, ...gobject, glib, gio, version, name: library.name };
  } catch (error) {
    if (error instanceof Error && error.name === 'TwinspectError') throw error;
    throw fail('camera/library', { library: names.join(' or '), cause: messageOf(error) }, error);
  }
}

function declareAll<T extends Record<string, string>>(library: Library, table: T): Declared<T> {
  const declared = Object.entries(table).map(([name, prototype]) => [
    name,
    library.declare(prototype.replace('@', 'ArvDevice *device, const char *name').replace('!', '_Out_ GError **error')),
  ]);
  return Object.fromEntries(declared) as Declared<T>;
}

/** Calls a function whose last argument is a GLib error. Throws `DeviceError`. */
export function call<T = void>({ glib }: Aravis, native: Native, ...args: readonly unknown[]): T {
  const error: (Pointer | null)[] = [null];
  const result = native(...args, error) as T;
  throwIfSet(glib, error[0] ?? null);
  return result;
}

/** The same on another thread: a device that does not answer blocks it for seconds. One at a time for each camera. */
export async function callAway<T = void>({ glib }: Aravis, native: Native, ...args: readonly unknown[]): Promise<T> {
  const error: (Pointer | null)[] = [null];
  const result = (await native.promise(...args, error)) as T;
  throwIfSet(glib, error[0] ?? null);
  return result;
}

/** What a stream counts, by libaravis' own names. */
export function streamCounters(arv: Aravis, stream: Pointer): Record<string, number> {
  const count = arv.infoCount(stream) as number;
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [arv.infoName(stream, at) as string, Number(arv.infoValue(stream, at))]),
  );
}

function throwIfSet(glib: Aravis['glib'], error: Pointer | null): void {
  if (error === null) return;
  const { message, code } = valueAt(error, 'GError') as { message: string; code: number };
  glib.errorFree(error);
  throw new DeviceError(message, code);
}
