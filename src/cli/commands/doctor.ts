import { Command } from 'commander';
import { printFindings } from '../printing/print-findings.ts';

export const doctorCommand = new Command('doctor')
  .description('check the configuration, and say what is missing')
  .option('--remote <url>', "also ask the deployment at this address; with its operator's key in OPERATOR_KEY, more of it")
  .action(doctor);

/** Prints what was found, and ends with code 1 if something does not work or is open to harm. */
async function doctor({ remote }: { remote?: string }): Promise<void> {
  const { checkConfiguration } = await import('../../local/doctor/check-configuration.ts');
  const { checkDeployment } = await import('../../local/doctor/check-deployment.ts');
  const findings = await checkConfiguration();
  if (remote) findings.push(...(await checkDeployment(remote.replace(/\/$/, ''), process.env.OPERATOR_KEY)));
  printFindings(findings);
}
