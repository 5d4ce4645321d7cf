import { create } from '@bufbuild/protobuf';
import { type AttributeProto, AttributeProto_AttributeType, AttributeProtoSchema } from '../../core/onnx/onnx-ml_pb.js';

/** An integer is a bigint and a float a number, since ONNX tells 1 from 1.0. */
export type AttributeValue = bigint | number | string;

/** An ONNX attribute of the type that the value's own type says. */
export function toAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: value });
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value });
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(value) });
}
