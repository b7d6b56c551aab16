package azure

// InBlocks has content sent in blocks of a size.
func (s *Store) InBlocks(size int64) { s.block = size }

// WithoutQuery is what errors of the network are passed through.
var WithoutQuery = withoutQuery
