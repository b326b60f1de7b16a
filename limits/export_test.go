package limits

// Remembered is how many callers the store holds in memory.
func (m *Memory) Remembered() (n int) {
	for i := range m.shards {
		m.shards[i].mu.Lock()
		n += len(m.shards[i].callers)
		m.shards[i].mu.Unlock()
	}
	return n
}
