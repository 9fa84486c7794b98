"""Where files are kept outside of the database: a folder, or an S3-compatible store; the setting says which.

A file goes in whole or not at all, before the row that names it is committed. One that no row names, since its
transaction failed or its row was deleted, is swept away later; so a row never names a file that is not there.
"""

from services.membership.storage.base import FileAway, Storage, StorageAway
from services.membership.storage.folder import Folder
from services.membership.storage.opening import open_storage

__all__ = ["FileAway", "Folder", "Storage", "StorageAway", "open_storage"]
