export { AccessObject, default, EngineObject } from 'gpt-edge/worker';
