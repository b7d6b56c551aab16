package oracle
import ("testing";"os"
"github.com/kizuna-org/kizuna/bench/world")
func TestText(t *testing.T){
 p,_:=world.FindProgram(); s,err:=Text(p,world.AsOf); if err!=nil{t.Fatal(err)}
 os.WriteFile("/tmp/benchwork/oracle.sql",[]byte(s),0o644)
}
