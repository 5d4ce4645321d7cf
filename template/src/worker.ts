export { default, EngineObject } from 'gpt-edge/worker';
