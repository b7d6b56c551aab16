//go:build !unix

package postgrestest

func start() (*server, error) { return nil, errMissing }
