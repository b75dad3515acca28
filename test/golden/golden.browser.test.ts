import './golden.js';
import './stored-database.js';
