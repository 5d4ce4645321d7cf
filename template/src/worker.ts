export { AccessObject, BatchObject, default, EngineObject } from 'gpt-edge/worker';
