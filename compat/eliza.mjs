// A service with a method of each of the four kinds, its descriptors made at run time.
import { create, createFileRegistry } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'

const { STRING, INT32 } = FieldDescriptorProto_Type
const field = (name, number, type) => ({
  name,
  number,
  type,
  jsonName: name,
  label: FieldDescriptorProto_Label.OPTIONAL,
})
const method = (name, clientStreaming, serverStreaming) => ({
  name,
  inputType: '.eliza.v1.Say',
  outputType: '.eliza.v1.Heard',
  clientStreaming,
  serverStreaming,
  options: name === 'Say' ? { idempotencyLevel: 1 } : undefined,
})

const file = create(FileDescriptorProtoSchema, {
  name: 'eliza.proto',
  package: 'eliza.v1',
  syntax: 'proto3',
  messageType: [
    { name: 'Say', field: [field('sentence', 1, STRING), field('count', 2, INT32)] },
    { name: 'Heard', field: [field('sentence', 1, STRING), field('count', 2, INT32)] },
  ],
  service: [
    {
      name: 'ElizaService',
      method: [
        method('Say', false, false),
        method('Introduce', false, true),
        method('Collect', true, false),
        method('Converse', true, true),
      ],
    },
  ],
})

const registry = createFileRegistry(file, () => undefined)
export const Eliza = registry.getService('eliza.v1.ElizaService')
export const SaySchema = registry.getMessage('eliza.v1.Say')
export const HeardSchema = registry.getMessage('eliza.v1.Heard')
