/**
 * The role before the arguments: the library checks what a call brings before it asks whether the caller may call at
 * all, so that a stranger would learn from its errors what a method takes. Here whoever may not is refused first, with
 * the same words whatever he brings, by whichever way he names the method (itself, or the one of its type).
 */
import {
  type CallMethodRequest,
  type CallMethodResultOptions,
  type IAddressSpace,
  type ISessionContext,
  NodeClass,
  type NodeId,
  type OPCUAServer,
  PermissionType,
  StatusCodes,
  type UAMethod,
  type UAObject,
} from 'node-opcua';
import { invariant } from '../../../../errors.ts';

/** The part of the server that answers one call. The library declares the other half of it alone. */
interface Calls {
  callMethod(context: ISessionContext, call: CallMethodRequest): Promise<CallMethodResultOptions>;
}

export function askRoleFirst(server: OPCUAServer): void {
  const calls = server.engine.addressSpaceAccessor as unknown as Calls | null;
  const space = server.engine.addressSpace;
  invariant(calls && space, 'OPC UA server without address space');
  const call = calls.callMethod.bind(calls);
  calls.callMethod = async (context, request) => {
    const method = calledMethod(space, request.objectId, request.methodId);
    const may = method === null || context.checkPermission(method, PermissionType.Call);
    return may ? call(context, request) : { statusCode: StatusCodes.BadUserAccessDenied };
  };
}

/**
 * The method whose permissions hold: the object's own, also where the call names the one of its type (Part 4, 5.12.2).
 * Null where there is none, which the library says without looking at arguments.
 */
function calledMethod(space: IAddressSpace, objectId: NodeId, methodId: NodeId): UAMethod | null {
  const [object, named] = [space.findNode(objectId), space.findNode(methodId)];
  const isObject = object?.nodeClass === NodeClass.Object || object?.nodeClass === NodeClass.ObjectType;
  if (!isObject || named?.nodeClass !== NodeClass.Method) return null;
  const methods = (object as UAObject).getMethods();
  const name = named.browseName.toString();
  return (
    methods.find(({ nodeId }) => nodeId.toString() === methodId.toString()) ??
    methods.find(({ browseName }) => browseName.toString() === name) ??
    (named as UAMethod)
  );
}
