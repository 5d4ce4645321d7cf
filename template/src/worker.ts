export { AccessObject, BatchObject, default } from 'gpt-edge/worker';
