package config

// between checks that a value is in a range. A mistake names the value and the
// range in the unit in which they are written.
func between[T Count | Size | Duration](m *mistakes, key string, value, least, most T) {
	if value < least || value > most {
		m.wrong(key, "%v is not between %v and %v", value, least, most)
	}
}

// optional is between for a value that may be left out.
func optional[T Count | Size | Duration](m *mistakes, key string, value *T, least, most T) {
	if value != nil {
		between(m, key, *value, least, most)
	}
}
