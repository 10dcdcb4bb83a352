/** Graphs through the file format and back, and what a damaged or foreign file gets told. */
import { describe, expect, test } from 'vitest';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import { type OperatorName, operators } from '../../models/graph/operators.ts';
import { readOnnx } from '../../models/onnx/read.ts';
import { type ModelMessage, ModelProto, type NodeMessage } from '../../models/onnx/schema.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { interpret } from '../graph/interpreter.ts';
import { buildCases } from '../graph/operator-cases.ts';

const everything = Object.keys(operators) as OperatorName[];

describe('there and back', () => {
  const { graph, feeds } = buildCases(everything, 1);
  const bytes = writeOnnx(graph);

  test('the graph holds every operator', () => {
    expect(everything.filter((name) => !graph.nodes.some(({ op }) => op === name))).toEqual([]);
  });

  test('what is read prints as what was written', () => {
    expect(readOnnx(bytes, 'cases.onnx').print()).toBe(graph.print());
  });

  test('the constants are the same, type and value', () => {
    const back = readOnnx(bytes, 'cases.onnx');
    const list = (g: Graph): unknown[] =>
      [...g.constants].map(([{ name, dtype, shape }, data]) => ({ name, dtype, shape, data }));
    expect(list(back)).toEqual(list(graph));
  });

  test('what is read computes the same', () => {
    const back = readOnnx(bytes, 'cases.onnx');
    const [before, after] = [interpret(graph, feeds), interpret(back, feeds)];
    for (const [name, tensor] of graph.outputs)
      expect(after.get(back.outputs.get(name)!), name).toEqual(before.get(tensor));
  });

  test('two writes give the same bytes, and so does writing what was read', () => {
    expect(Buffer.compare(writeOnnx(buildCases(everything, 1).graph), bytes)).toBe(0);
    expect(Buffer.compare(writeOnnx(readOnnx(bytes, 'cases.onnx')), bytes)).toBe(0);
  });

  test('the bytes may lie anywhere in a buffer', () => {
    const offset = new Uint8Array(bytes.length + 3).subarray(3);
    offset.set(bytes);
    expect(readOnnx(offset, 'cases.onnx').print()).toBe(graph.print());
  });

  test('a constant that is a window of a larger buffer is written as itself', () => {
    const part = new Graph('window');
    part.output('y', part.constant('k', new Float32Array([9, 1, 2, 9]).subarray(1, 3), [2]));
    const [kept] = readOnnx(writeOnnx(part), 'window.onnx').constants.values();
    expect(kept).toEqual(new Float32Array([1, 2]));
  });

  test('a name kept for lists is refused', () => {
    const part = new Graph('taken');
    part.input('list:0', 'float32', [1]);
    expect(() => writeOnnx(part)).toThrow('internal: tensor list:0 has a name kept for lists');
  });
});

function small(): Uint8Array {
  const graph = new Graph('small');
  const x = graph.input('x', 'float32', [1, 2, 4, 4]);
  const w = graph.constant('w', new Float32Array(2 * 2 * 3 * 3).fill(0.1), [2, 2, 3, 3]);
  const normed = o.batchNormTraining(
    o.conv(x, w, { pad: 1 }),
    graph.input('g', 'float32', [2]),
    graph.input('b', 'float32', [2]),
    1e-5,
  );
  graph.output('y', o.reduceSum(normed[0], [1, 2]));
  return writeOnnx(graph);
}

describe('damaged files', () => {
  const bytes = small();
  const unreadable = expect.objectContaining({ code: 'onnx/unreadable' });

  test('every truncation is told, with the path', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => readOnnx(bytes.subarray(0, length), 'dir/cut.onnx'), `${length} bytes`).toThrow(unreadable);
    expect(() => readOnnx(bytes.subarray(0, 100), 'dir/cut.onnx')).toThrow('Cannot read ONNX file dir/cut.onnx: ');
  });

  test('garbage is told', () => {
    for (let first = 0; first < 256; first++) {
      const garbage = Uint8Array.from({ length: 64 }, (_, i) => (first + i * 37) % 256);
      expect(() => readOnnx(garbage, 'noise.onnx'), `starting with ${first}`).toThrow(unreadable);
    }
    expect(() => readOnnx(new TextEncoder().encode('<html>not found</html>'), 'page.onnx')).toThrow(unreadable);
  });

  test('a flipped byte is told or harmless, never another kind of error', () => {
    for (let place = 0; place < bytes.length; place++) {
      const flipped = bytes.with(place, bytes[place]! ^ 0x15);
      try {
        readOnnx(flipped, 'flipped.onnx');
      } catch (error) {
        expect(error, `byte ${place}`).toEqual(unreadable);
      }
    }
  });
});

describe('foreign files', () => {
  /** The small file with one thing changed. */
  const changed = (change: (model: ModelMessage) => void): Uint8Array => {
    const model = ModelProto.toObject(ModelProto.decode(small()), { longs: Number, arrays: true }) as ModelMessage;
    change(model);
    return ModelProto.encode(model).finish();
  };
  const nodeOf = (model: ModelMessage, op: string): NodeMessage =>
    model.graph.node.find(({ opType }) => opType === op)!;
  const attribute = (name: string, i: number): NodeMessage['attribute'][number] => ({ name, type: 2, i });

  test('the file unchanged is read', () => {
    expect(
      readOnnx(
        changed(() => undefined),
        'same.onnx',
      ).print(),
    ).toBe(readOnnx(small(), 'small.onnx').print());
  });

  test.each([
    [
      'an operator we do not have',
      (m) => {
        nodeOf(m, 'Conv').opType = 'Einsum';
      },
      'unknown operator Einsum (Conv)',
    ],
    [
      'an operator named like a method',
      (m) => {
        nodeOf(m, 'Conv').opType = 'toString';
      },
      'unknown operator toString',
    ],
    [
      'another opset',
      (m) => {
        m.opsetImport[0]!.version = 18;
      },
      'opset 18, expected 17',
    ],
    [
      'no opset',
      (m) => {
        m.opsetImport = [];
      },
      'opset not given, expected 17',
    ],
    [
      'an attribute we would lose',
      (m) => {
        nodeOf(m, 'Conv').attribute.push(attribute('dilations', 2));
      },
      'Conv Conv: dilations is 2',
    ],
    [
      'statistics kept over batches',
      (m) => {
        nodeOf(m, 'BatchNormalization').attribute = nodeOf(m, 'BatchNormalization').attribute.filter(
          ({ name }) => name !== 'training_mode',
        );
      },
      'BatchNormalization BatchNormalization: training_mode is undefined, expected 1',
    ],
    [
      'pads left to a default',
      (m) => {
        nodeOf(m, 'Conv').attribute = nodeOf(m, 'Conv').attribute.filter(({ name }) => name !== 'pads');
      },
      'Conv',
    ],
    [
      'a tensor from nowhere',
      (m) => {
        nodeOf(m, 'Conv').input[0] = 'elsewhere';
      },
      'tensor elsewhere is used before it is made',
    ],
    [
      'an output too many',
      (m) => {
        nodeOf(m, 'Conv').output.push('second');
      },
      'Conv has no output 1 (second)',
    ],
    [
      'a shape that does not fit',
      (m) => {
        m.graph.input[0]!.type.tensorType.shape.dim[1]!.dimValue = 3;
      },
      'input has 3 channels, weights want 2',
    ],
    [
      'an open dimension',
      (m) => {
        m.graph.input[0]!.type.tensorType.shape.dim[0] = {} as never;
      },
      'is not made of positive integers',
    ],
    [
      'a type we do not have',
      (m) => {
        m.graph.input[0]!.type.tensorType.elemType = 11;
      },
      'x has type 11',
    ],
    [
      'a constant of a type we do not have',
      (m) => {
        m.graph.initializer[0]!.dataType = 11;
      },
      'constant w has type 11',
    ],
    [
      'a constant cut short',
      (m) => {
        m.graph.initializer[0]!.rawData = new Uint8Array(8);
      },
      'Tensor w: 2 values for shape [2,2,3,3] of 36',
    ],
    [
      'an output that is not published our way',
      (m) => {
        m.graph.output[0]!.name = 'z';
      },
      'output z is not the result of an Identity',
    ],
  ] as [string, (model: ModelMessage) => void, string][])('%s is named', (_, change, says) => {
    const bytes = changed(change);
    expect(() => readOnnx(bytes, 'foreign.onnx')).toThrow(expect.objectContaining({ code: 'onnx/unreadable' }));
    expect(() => readOnnx(bytes, 'foreign.onnx')).toThrow(says);
  });
});
