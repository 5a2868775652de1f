/** The service that the workload `rpc` calls: it says what it was told. Its descriptor is made here, so that no generated code is needed. */
import { create, createFileRegistry } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, file_google_protobuf_wrappers as wrappers } from '@bufbuild/protobuf/wkt'

const TEXT = '.google.protobuf.StringValue'
const file = create(FileDescriptorProtoSchema, {
  name: 'echo.proto',
  package: 'bench',
  syntax: 'proto3',
  dependency: [wrappers.proto.name],
  service: [{ name: 'Echo', method: [{ name: 'Say', inputType: TEXT, outputType: TEXT }] }],
})

/** `bench.Echo`, whose one method is `Say`. */
export const Echo = createFileRegistry(file, () => wrappers).getService('bench.Echo')
