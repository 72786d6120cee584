from sqlalchemy.orm import Session, scoped_session, sessionmaker
from transaction import TransactionManager

def register(
    session: Session | sessionmaker[Session] | scoped_session[Session],
    initial_state: str = ...,
    transaction_manager: TransactionManager = ...,
    keep_session: bool = False,
) -> None: ...
def mark_changed(
    session: Session, transaction_manager: TransactionManager = ..., keep_session: bool = False
) -> None: ...
