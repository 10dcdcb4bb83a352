/**
 * A method of the address space bound to a function: inputs by their names, outputs by theirs. Whatever goes wrong
 * becomes an answer: a number in `Error`, or a status code where the standard gives none; the daemon never throws into
 * the server. Refuses who has not the role before anything else is looked at.
 */
import {
  type Argument,
  coerceNodeId,
  DataType,
  type ISessionContext,
  type StatusCode,
  StatusCodes,
  type UAMethod,
  type UAObject,
  Variant,
  VariantArrayType,
} from 'node-opcua';
import { invariant, messageOf } from '../../../../errors.ts';
import { type Actor, type Role, roles } from '../../../command/port.ts';
import type { Log } from '../../lane.ts';
import { callableBy, callableByAll } from '../security/permissions.ts';
import { type Code, codeOf, codes } from './codes.ts';

export interface Caller {
  readonly actor: Actor;
  /** Of the session, for what belongs to it; empty where there is none. */
  readonly session: string;
}

export type Inputs = Readonly<Record<string, unknown>>;
/** By the names of the output arguments; what is left out is empty, and `Error` is 0. */
export type Outputs = Record<string, unknown>;
export type Handler = (inputs: Inputs, caller: Caller) => Promise<Outputs> | Outputs;

/** A call that fails as a whole, where the standard asks for a status code. */
export class Failed extends Error {
  readonly statusCode: StatusCode;
  constructor(statusCode: StatusCode, detail: string) {
    super(detail);
    this.statusCode = statusCode;
  }
}

/** Where the role is null, whoever may connect may call it. */
export type Binder = (object: UAObject, name: string, role: Role | null, handler: Handler) => void;

export function binder(actorOf: (context: ISessionContext) => Actor, log: Log): Binder {
  return (object, name, role, handler) => {
    const method = object.getMethodByName(name);
    invariant(method, `${object.browseName.toString()} has no method ${name}`);
    const [takes, gives] = [method.getInputArguments(), method.getOutputArguments()];
    const { addressSpace } = method;
    method.setRolePermissions(role === null ? callableByAll() : callableBy(role));
    // The library counts the declared parameters: two.
    method.bindMethod(async (given: Variant[], context: ISessionContext) => {
      const actor = actorOf(context);
      try {
        if (role !== null && !holds(actor, role)) return { statusCode: StatusCodes.BadUserAccessDenied };
        const inputs = Object.fromEntries(takes.map((each, index) => [each.name ?? '', given[index]?.value]));
        const session = context.session?.getSessionId().toString() ?? '';
        return answered(addressSpace, gives, await handler(inputs, { actor, session }));
      } catch (error) {
        log.info({ method: name, user: actor.name, cause: messageOf(error) }, 'OPC UA 40100: call refused');
        if (error instanceof Failed) return { statusCode: error.statusCode };
        const code = codeOf(error);
        if (code === 'role') return { statusCode: StatusCodes.BadUserAccessDenied };
        if (code === null) log.error({ method: name, cause: messageOf(error) }, 'OPC UA 40100: call failed');
        return refused(addressSpace, gives, code);
      }
    });
  };
}

function holds(actor: Actor, role: Role): boolean {
  return actor.role !== null && roles.indexOf(actor.role) >= roles.indexOf(role);
}

function refused(space: Space, gives: Argument[], code: Code | null) {
  if (!gives.some(({ name }) => name === 'Error')) {
    return { statusCode: code === null ? StatusCodes.BadInternalError : StatusCodes.BadInvalidState };
  }
  return answered(space, gives, { Error: code === null ? codes.refused.number : codes[code].number });
}

function answered(space: Space, gives: Argument[], outputs: Outputs) {
  const outputArguments = gives.map((argument) => variantOf(space, argument, outputs[argument.name ?? '']));
  return { statusCode: StatusCodes.Good, outputArguments };
}

type Space = UAMethod['addressSpace'];

/** What stands for "nothing" in an output of each basic type. */
const empties: Partial<Record<DataType, unknown>> = {
  [DataType.Int32]: 0,
  [DataType.UInt32]: 0,
  [DataType.UInt64]: [0, 0],
  [DataType.Boolean]: false,
  [DataType.NodeId]: coerceNodeId(0),
  [DataType.DateTime]: new Date(-11644473600000), // OPC UA's "no time": the first day of 1601
};

function variantOf(space: Space, argument: Argument, value: unknown): Variant {
  const dataType = basicTypeOf(space, argument);
  if (argument.valueRank >= 1) return new Variant({ dataType, arrayType: VariantArrayType.Array, value: value ?? [] });
  // Said always: 64 bits are two halves, which would be taken for an array.
  const { Scalar } = VariantArrayType;
  return new Variant({ dataType, arrayType: Scalar, value: value ?? empties[dataType] ?? null });
}

/** Structures are ExtensionObjects; a Handle is an UInt32, and so on down to what goes over the wire. */
function basicTypeOf(space: Space, argument: Argument): DataType {
  const type = space.findDataType(argument.dataType);
  invariant(type, `argument ${argument.name} has a data type that is not loaded`);
  return type.basicDataType === DataType.Null ? DataType.Variant : type.basicDataType;
}
