package main

import "strings"

// adminURL is the URL of a path of an admin listener, whose address may be written as a URL.
func adminURL(address, path string) string {
	return "http://" + strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/") + path
}
