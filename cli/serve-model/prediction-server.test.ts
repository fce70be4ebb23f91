import { expect, test } from 'vitest'
import { PredictionServer } from './prediction-server.ts'

const LOADING = 503

test.each(['iris', 'wine model', 'größe', 'a%b', 'x+y', 'model*', ':name', 'x(1)', 'n'.repeat(300)])(
  'a model named %j is asked by its name',
  async (name) => {
    const never = () => Promise.reject(new Error('not loaded in this test'))
    const { app } = new PredictionServer({ name, current: never, load: never })
    const path = (of: string) => `/v1/models/${encodeURIComponent(of)}`
    const predict = async (url: string) =>
      (await app.inject({ method: 'POST', url, payload: { instances: [[1]] } })).statusCode
    try {
      expect((await app.inject({ url: path(name) })).statusCode).toBe(LOADING)
      expect(await predict(`${path(name)}:predict`)).toBe(LOADING)
      expect(await predict(path(`${name}:predict`))).toBe(LOADING)
      expect((await app.inject({ url: path(`${name}2`) })).statusCode).toBe(404)
      expect(await predict(`${path(`${name}2`)}:predict`)).toBe(404)
      expect(await predict(path(name))).toBe(404)
    } finally {
      await app.close()
    }
  },
)
