export { AccessObject, default } from 'gpt-edge/worker';
