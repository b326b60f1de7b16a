//go:build !unix

package upstream

// alive cannot look without reading here, and trusts the connection.
func (c *conn) alive() bool { return true }
