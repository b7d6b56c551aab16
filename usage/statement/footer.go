package statement

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// createdBy names the form of the file, not the version of the program: the same
// rows give the same bytes.
const createdBy = "kizuna statement 1"

// footer describes the file to others: it ends with its length and the magic.
func footer(groups []format.RowGroup, rows int64) ([]byte, error) {
	meta := format.FileMetaData{Version: 1, NumRows: rows, RowGroups: groups, CreatedBy: createdBy}
	if groups == nil {
		meta.RowGroups = []format.RowGroup{}
	}
	meta.Schema = append(meta.Schema, format.SchemaElement{Name: "usage", NumChildren: thrift.New(int32(NumColumns))})
	for _, s := range specs {
		meta.Schema = append(meta.Schema, s.element())
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: new(format.TypeDefinedOrder)})
	}
	text, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	text = binary.LittleEndian.AppendUint32(text, uint32(len(text)))
	return append(text, parquetMagic...), err
}

func (s *spec) element() format.SchemaElement {
	e := format.SchemaElement{Name: s.name, Type: thrift.New(s.form.physical()), RepetitionType: thrift.New(format.Required)}
	if s.optional {
		e.RepetitionType = thrift.New(format.Optional)
	}
	switch {
	case s.form == names || s.form == texts:
		e.ConvertedType = thrift.New(deprecated.UTF8)
		e.LogicalType.Value = new(format.StringType)
	case s.form == dates:
		e.ConvertedType = thrift.New(deprecated.Date)
		e.LogicalType.Value = new(format.DateType)
	case s.scale > 0:
		const precision = 18 // what 64 bits hold for sure
		e.ConvertedType = thrift.New(deprecated.Decimal)
		e.Scale, e.Precision = thrift.New(int32(s.scale)), thrift.New(int32(precision))
		e.LogicalType.Value = &format.DecimalType{Scale: int32(s.scale), Precision: precision}
	}
	return e
}
