package main

import (
	"fmt"
	"os"

	"brana/egon"
)

// readContracts reads the folder of listen.wsdl; without a folder it returns
// nil. Symbolic links that lead out of the folder are not followed.
func readContracts(folder string) (*egon.Contracts, error) {
	if folder == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("listen.wsdl: %w", err)
	}
	defer root.Close()
	contracts, err := egon.ReadContracts(root.FS())
	if err != nil {
		return nil, fmt.Errorf("listen.wsdl: read %s: %w", folder, err)
	}
	return contracts, nil
}
