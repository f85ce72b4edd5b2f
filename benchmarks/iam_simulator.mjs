// SPDX-License-Identifier: Apache-2.0
// Reads simulations as JSON from standard input, writes one line for each: what @cloud-copilot/iam-simulate decides.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const { runSimulation } = createRequire(process.argv[2] + '/')('@cloud-copilot/iam-simulate')
for (const simulation of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    const result = await runSimulation(simulation, { simulationMode: 'Strict' })
    console.log(JSON.stringify({ result: result.overallResult ?? null, kind: result.resultType ?? null, errors: result.errors ?? null }))
  } catch (error) {
    console.log(JSON.stringify({ result: null, errors: String(error) }))
  }
}
