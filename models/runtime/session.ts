/**
 * The only door to onnxruntime. A session runs one graph; `run` blocks the thread it is called on for the whole
 * inference (the binding wraps a synchronous call), so a resident process keeps sessions in a process of their own.
 */
// First: it must stand before the library is loaded.
import './quiet.ts';
import { createRequire } from 'node:module';
import * as ort from 'onnxruntime-node';
import { fail } from '../../errors.ts';

export type Provider = 'cpu' | 'tensorrt';
export type Value = Float32Array | Uint8Array | BigInt64Array;
export interface TensorValue {
  readonly shape: readonly number[];
  readonly data: Value;
}
export type Feeds = Record<string, TensorValue>;

export type Optimisation = 'disabled' | 'basic' | 'extended' | 'all';

export interface SessionOptions {
  provider?: Provider;
  /** Threads inside one operator. */
  threads?: number;
  /** Busy waiting between operators: a little faster back to back, four times the CPU time at line pace. */
  spinning?: boolean;
  /** How far the graph is rewritten when it is opened; `all` but for comparing. */
  optimisation?: Optimisation;
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the graph; only the outputs named are copied out. */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, TensorValue>>;
  release(): Promise<void>;
}

/** Opens a graph given as ONNX bytes. Throws `runtime/provider` or `runtime/model`. */
export async function openSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { provider = 'cpu', threads = 2, spinning = false, optimisation = 'all' } = options;
  const have = listProviders();
  if (!have.includes(provider)) throw fail('runtime/provider', { provider, have: have.join(', ') });
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: optimisation,
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
    });
  } catch (error) {
    throw fail('runtime/model', { cause: (error as Error).message }, error);
  }
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, outputs = session.outputNames) {
      const tensors: Record<string, ort.Tensor> = {};
      for (const [name, { data, shape }] of Object.entries(feeds)) tensors[name] = toTensor(data, shape);
      const results = await session.run(tensors, [...outputs]);
      return Object.fromEntries(
        Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as Value, shape: dims }]),
      );
    },
    release: () => session.release(),
  };
}

function toTensor(data: Value, shape: readonly number[]): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape);
  if (data instanceof Uint8Array) return new ort.Tensor('uint8', data, shape);
  return new ort.Tensor('int64', data, shape);
}

/** The execution providers compiled into this installation that a bundle can be run on. */
export function listProviders(): Provider[] {
  const names = ort.listSupportedBackends().map(({ name }) => name);
  const bundledTensorrt = names.includes('tensorrt') && tensorrtLibraryPresent();
  return bundledTensorrt ? ['cpu', 'tensorrt'] : ['cpu'];
}

/** The stock x64 package lists TensorRT but does not carry its library; appending it would throw. */
function tensorrtLibraryPresent(): boolean {
  const require = createRequire(import.meta.url);
  const folder = `onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`;
  try {
    require.resolve(`${folder}/libonnxruntime_providers_tensorrt.so`);
    return true;
  } catch {
    return false;
  }
}

/** Version of the runtime in use. */
export const runtimeVersion = (): string => ort.env.versions.node ?? ort.env.versions.common;
