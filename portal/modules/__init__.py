"""The modules of the house. Each is composed by name in the ini and knows of the others only their interfaces."""
